"""What becomes of one dead letter or rejection: pure, but for the codec that it is given."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec

from pixelprose.cli.redrive.failure import Failure, plain
from pixelprose.cli.redrive.ledger import Ledger
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import (
    Header,
    ImageSubmitted,
    RecordCodec,
    Redrive,
    SubmissionId,
    codes,
    topic_list,
    topic_of,
)
from pixelprose.records.headers import write
from pixelprose.streamkit import Message, Outgoing, Undecodable

_SUBMITTED: Final = topic_of(ImageSubmitted)
_OVERHEAD_BYTES: Final = 100


@dataclass(frozen=True, slots=True)
class Decided:
    """The ledger's entry, and what goes out with it: nothing for what is dropped."""

    entry: Redrive
    outgoing: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """It can't be put back, for this reason; it stays as it is."""

    failure: Failure
    why: str


@dataclass(frozen=True, slots=True)
class Deciding:
    """Decides for one person: `by` is the account that runs the command.

    The caller notes each entry in the ledger before it asks about the next failure: two of one
    submission get different attempts.
    """

    codec: RecordCodec
    kafka: KafkaSettings
    by: str
    now: Callable[[], datetime]

    def put_back(self, failure: Failure, ledger: Ledger) -> Decided | Refused:
        """Return the record as one more attempt, or why it stays."""
        original = failure.original
        if failure.kind == "rejection" and failure.reason in codes().final_reasons:
            return Refused(failure, codes().final_reasons[failure.reason])
        if original is None:
            return Refused(failure, "the rejection does not carry its record")
        if why := _out_of_reach(failure, original):
            return Refused(failure, why)
        try:
            who, attempt, outgoing = self._raised(failure, original, ledger)
        except Undecodable as error:
            # Unchanged bytes would be the same attempt again, which has ended already.
            return Refused(failure, _unread(error))
        if _size(outgoing) > self.kafka.max_message_bytes - _OVERHEAD_BYTES:
            return Refused(failure, "it is larger than kafka.max_message_bytes")
        entry = self._entry(failure, ledger, action="redriven")
        entry = msgspec.structs.replace(
            entry, submission_id=who, attempt=attempt, record_topic=outgoing.topic
        )
        return Decided(entry, (outgoing,))

    def drop(self, failure: Failure, ledger: Ledger, *, note: str | None) -> Decided:
        """Return the entry that closes it."""
        entry = self._entry(failure, ledger, action="dropped")
        return Decided(msgspec.structs.replace(entry, note=note), ())

    def _raised(
        self, failure: Failure, original: Message, ledger: Ledger
    ) -> tuple[SubmissionId | None, int, Outgoing]:
        if original.at.topic == _SUBMITTED:
            # Identity and attempt are in the headers alone: even what can't be read goes back.
            who = failure.submission_id
            attempt = ledger.next_attempt(who, after=failure.attempt)
            names = write({Header.SUBMISSION: who or "", Header.ATTEMPT: str(attempt)})
            headers = (*plain(original.headers), *names)
            return who, attempt, Outgoing(_SUBMITTED, original.key, original.value, headers)
        record = self.codec.decode(original)
        was = record.submission
        attempt = ledger.next_attempt(was.submission_id, after=max(failure.attempt, was.attempt))
        submission = msgspec.structs.replace(was, attempt=attempt)
        again = msgspec.structs.replace(record, submission=submission)
        # Its last hop names the dead letter or rejection, so that a row tells how it came to be.
        cause = replace(original, at=failure.message.at, offset=failure.message.offset)
        return was.submission_id, attempt, self.codec.encode(again, cause)

    def _entry(self, failure: Failure, ledger: Ledger, *, action: str) -> Redrive:
        place = failure.place
        return Redrive(
            topic=place.topic,
            partition=place.partition,
            offset=place.offset,
            topic_id=ledger.topic_ids[place.topic],
            action=action,
            submission_id=failure.submission_id,
            attempt=None,
            record_topic=None,
            service=failure.service,
            reason=failure.reason,
            note=None,
            by=self.by,
            decided_at=self.now(),
        )


def _out_of_reach(failure: Failure, original: Message) -> str:
    """Why a record must not go back to its topic, or nothing.

    Its readers, beside the one that gave up on it, would work on it again. The sink would not: to
    its tables it is one more attempt, and a column says which.
    """
    topic = topic_list().by_name().get(original.at.topic)
    if topic is None:
        return f"{original.at.topic} is no topic of the pipeline"
    mine = {failure.service.split(".")[0], "sink"}
    others = [name for name in topic.consumers if name.split(".")[0] not in mine]
    return f"{', '.join(others)} would work on it once more, too" if others else ""


def _unread(error: Undecodable) -> str:
    """The error's own text may hold what is in the record."""
    return f"its bytes can't be read ({type(error).__name__}), nor their attempt raised"


def _size(out: Outgoing) -> int:
    headers = sum(len(name) + len(value) for name, value in out.headers)
    return len(out.value) + len(out.key or b"") + headers
