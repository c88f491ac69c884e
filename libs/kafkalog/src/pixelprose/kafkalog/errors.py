"""What each error of the Kafka clients means for us, decided in one table."""

from enum import Enum, auto

from confluent_kafka import KafkaError, KafkaException

from pixelprose.streamkit.errors import Stop
from pixelprose.streamkit.exit_codes import ExitCode


class Action(Enum):
    """What to do about an error."""

    REPEAT = auto()
    """The same call again; after a commit that timed out, never an abort."""
    ABORT = auto()
    """Abort the transaction and commit the same work, as far as still ours, in a new one."""
    FENCED = auto()
    """Another process has our transactional id: exit, call nothing more."""
    BROKEN = auto()
    """Exit: the next process starts from the committed positions."""
    POSITION_LOST = auto()
    """A position is missing or out of range: exit, a person must act."""
    MISCONFIGURED = auto()
    """Exit: a topic or a right is missing, a person must act."""


_BY_CODE = {
    KafkaError._FENCED: Action.FENCED,  # noqa: SLF001 - the client's names for its own errors
    KafkaError._FATAL: Action.BROKEN,  # noqa: SLF001 - its fatal() says False
    KafkaError._CONFLICT: Action.BROKEN,  # noqa: SLF001 - its retriable() says True, for ever
    KafkaError._AUTO_OFFSET_RESET: Action.POSITION_LOST,  # noqa: SLF001 - as above
    KafkaError._UNKNOWN_TOPIC: Action.MISCONFIGURED,  # noqa: SLF001 - as above
    KafkaError._AUTHENTICATION: Action.MISCONFIGURED,  # noqa: SLF001 - as above
    KafkaError.PRODUCER_FENCED: Action.FENCED,
    KafkaError.OFFSET_OUT_OF_RANGE: Action.POSITION_LOST,
    KafkaError.UNKNOWN_TOPIC_OR_PART: Action.MISCONFIGURED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: Action.MISCONFIGURED,
    KafkaError.GROUP_AUTHORIZATION_FAILED: Action.MISCONFIGURED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: Action.MISCONFIGURED,
}

_EXITS = {
    Action.FENCED: ExitCode.FENCED,
    Action.POSITION_LOST: ExitCode.POSITION_LOST,
    Action.MISCONFIGURED: ExitCode.BAD_CONFIGURATION,
}

_ADVICE = {
    Action.FENCED: "another process has this transactional id: give each a slot of its own",
    Action.POSITION_LOST: "find out why the position is gone, then run `pixelprose topics init`",
    Action.MISCONFIGURED: "run `pixelprose topics init`, or grant the right",
}


def action_for(error: KafkaError) -> Action:
    """Return what to do; flags of the client count only where its code says nothing better."""
    if (known := _BY_CODE.get(error.code())) is not None:
        return known
    if error.fatal():
        return Action.BROKEN
    if error.txn_requires_abort():
        return Action.ABORT
    if error.retriable():
        return Action.REPEAT
    return Action.BROKEN


def stop_for(error: KafkaError, *, where: str) -> Stop:
    """Return the end of the process that `error` asks for; `where` names the call."""
    action = action_for(error)
    advice = _ADVICE.get(action)
    detail = f"{where}: {error.name()} {error.str()}" + (f"; {advice}" if advice else "")
    return Stop(_EXITS.get(action, ExitCode.CLIENT_BROKEN), detail)


def error_of(exception: KafkaException) -> KafkaError:
    """Return the error that a client's exception carries."""
    error = exception.args[0]
    if not isinstance(error, KafkaError):
        raise exception
    return error
