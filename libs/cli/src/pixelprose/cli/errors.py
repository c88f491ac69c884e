"""Errors whose message says all that a person needs; anything else is a bug and shows its trace."""

from typing import ClassVar

from pixelprose.cli.exit_codes import CommandExit

_STOPPED = ". On one machine: is `pixelprose up` still running?"


class CommandError(Exception):
    """A command can't do what was asked; the message says why and what to do.

    Attributes:
        code: what the process ends with.
    """

    code: ClassVar[CommandExit] = CommandExit.FAILED


class WrongUsage(CommandError):
    """Something that was typed means nothing or can't be used here; nothing was done."""

    code = CommandExit.WRONG_USAGE


class NotFound(CommandError):
    """What was asked for is nowhere."""

    code = CommandExit.NOT_FOUND


def message_of(error: Exception) -> str | None:
    """Return what to tell a person, or None where only a trace helps."""
    if isinstance(error, ModuleNotFoundError):
        return _of_a_missing_extra(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, _kafka_error()):
        return _of_the_broker(error)
    if not isinstance(error, _expected()):
        return None
    where = getattr(error, "name", None)
    return f"{error}{_STOPPED}" if where == "kafka" else str(error)


def exit_of(error: Exception) -> CommandExit:
    """Return what the process ends with after an error that has a message."""
    from pixelprose.curator import WrongRequest  # noqa: PLC0415 - no command should wait for it

    if isinstance(error, CommandError):
        return error.code
    return CommandExit.WRONG_USAGE if isinstance(error, WrongRequest) else CommandExit.FAILED


def _of_a_missing_extra(error: ModuleNotFoundError) -> str | None:
    if not (error.name or "").startswith("pixelprose."):
        return None
    return (
        f"this needs {error.name}, which is not installed here; "
        "`pip install 'pixelprose[all]'` brings everything"
    )


def _of_the_broker(error: Exception) -> str:
    reason = error.args[0]
    said = reason.str() if hasattr(reason, "str") else str(reason)
    return f"Kafka: {said}; `pixelprose doctor` says what the cluster lacks"


def _kafka_error() -> type[Exception]:
    from confluent_kafka import KafkaException  # noqa: PLC0415 - no command should wait for it

    return KafkaException


def _expected() -> tuple[type[Exception], ...]:
    from pixelprose.objectstore import StoreError  # noqa: PLC0415 - as above
    from pixelprose.records.topic_admin import TopicsRefused  # noqa: PLC0415 - as above
    from pixelprose.streamkit import StreamError  # noqa: PLC0415 - as above

    found = (CommandError, StoreError, StreamError, TopicsRefused)
    try:
        from pixelprose.embedded import EmbeddedError  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        return found
    return (*found, EmbeddedError)
