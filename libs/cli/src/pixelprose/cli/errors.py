"""Errors whose message says all that a person needs; anything else is a bug and shows its trace."""

from confluent_kafka import KafkaException

from pixelprose.cli.rows import SourceError
from pixelprose.cli.submit import SubmitFailed
from pixelprose.cli.supervisor import ServiceFailed
from pixelprose.objectstore import StoreError
from pixelprose.streamkit import StreamError


class CommandError(Exception):
    """A command can't do what was asked; the message says why and what to do."""


def _expected() -> tuple[type[Exception], ...]:
    found: list[type[Exception]] = [
        CommandError,
        KafkaException,
        ServiceFailed,
        SourceError,
        StoreError,
        StreamError,
        SubmitFailed,
    ]
    try:
        from pixelprose.embedded import EmbeddedError  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        return tuple(found)
    return (*found, EmbeddedError)


EXPECTED_ERRORS = _expected()
