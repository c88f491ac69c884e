"""What became of a record: its outcome, or its error, as bytes for the log."""

from dataclasses import dataclass
from typing import Generic

from pixelprose.streamkit.codec import Codec
from pixelprose.streamkit.errors import Stop, Unavailable, Undecodable
from pixelprose.streamkit.letters.dead import DeadLetters
from pixelprose.streamkit.letters.retries import Retries
from pixelprose.streamkit.log import Message, Outgoing
from pixelprose.streamkit.outcome import DeadLetter, Emit, Later, Outcome, Reject, Skip
from pixelprose.streamkit.worker import I, O, P, Pending

EMITTED = "emitted"
REJECTED = "rejected"
SKIPPED = "skipped"
PUT_OFF = "put_off"
DEAD = "dead_letter"


@dataclass(frozen=True, slots=True)
class Verdict(Generic[P]):
    """What a record's end appends to the log; `letter` is a dead letter or the record, put off.

    `doubtful` marks the dead letter of an error that nobody expected: perhaps it is the service
    that is broken, so it waits for a later success.
    """

    outcome: str
    reason: str = ""
    outputs: tuple[P, ...] = ()
    letter: Outgoing | None = None
    doubtful: bool = False


class Judge(Generic[I, O, P]):
    """Turns a step's future into a verdict."""

    def __init__(self, codec: Codec[I, O, P], dead_letters: DeadLetters, retries: Retries) -> None:
        self._codec = codec
        self._dead_letters = dead_letters
        self._retries = retries

    def decode(self, message: Message) -> I | Verdict[P]:
        """The record, or the verdict on bytes that are none.

        Raises:
            Unavailable: the schema registry does not answer; the bytes may be good.
        """
        try:
            return self._codec.decode(message)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - condemns the record, not the stream
            return self._failed(message, error)

    def of(self, message: Message, record: I | None, future: Pending[O]) -> Verdict[P]:
        """The verdict on `message`.

        Raises:
            Unavailable, Stop: as the step raised them; they are about more than this record.
        """
        try:
            return self._decided(message, record, future.result())
        except (Unavailable, Stop):
            raise
        except Exception as error:  # noqa: BLE001 - condemns the record, not the stream
            return self._failed(message, error)

    def condemned(self, message: Message, reason: str, error: Exception) -> Verdict[P]:
        """A dead letter that is surely the record's own fault."""
        return Verdict(DEAD, reason, letter=self._letter(message, reason, error))

    def doubted(self, message: Message, reason: str, error: Exception) -> Verdict[P]:
        """A dead letter that may be the service's fault."""
        letter = self._letter(message, reason, error)
        return Verdict(DEAD, reason, letter=letter, doubtful=True)

    def _failed(self, message: Message, error: Exception) -> Verdict[P]:
        if isinstance(error, Undecodable):
            return self.condemned(message, "undecodable", error)
        return self.doubted(message, "unknown_error", error)

    def _decided(self, message: Message, record: I | None, outcome: Outcome[O]) -> Verdict[P]:
        encode = self._codec.encode
        match outcome:
            case Emit(records):
                return Verdict(EMITTED, outputs=tuple(encode(r, message) for r in records))
            case Reject() as rejected:
                assert record is not None  # noqa: S101 - a step saw it
                rejection = self._codec.reject(rejected, record, message)
                also = tuple(encode(r, message) for r in rejected.also)
                return Verdict(REJECTED, rejected.reason, outputs=(rejection, *also))
            case Later(reason, detail, least_seconds):
                put_off = self._retries.put_off(message, reason, least_seconds=least_seconds)
                if put_off is None:
                    return self._decided(message, record, Reject(reason, detail))
                return Verdict(PUT_OFF, reason, letter=put_off)
            case Skip(reason):
                return Verdict(SKIPPED, reason)
            case DeadLetter(reason, detail):
                letter = self._dead_letters.of(
                    message, reason, error_class="DeadLetter", error_text=detail
                )
                return Verdict(DEAD, reason, letter=letter)

    def _letter(self, message: Message, reason: str, error: Exception) -> Outgoing:
        return self._dead_letters.of(
            message, reason, error_class=type(error).__qualname__, error_text=str(error)
        )
