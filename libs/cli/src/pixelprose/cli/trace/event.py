"""What happened to a submission: one event per record, row and decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from pixelprose.cli.redrive.failure import Failure
from pixelprose.records import (
    BLOCKED,
    Group,
    Hop,
    ImageRejected,
    ImageSubmitted,
    Redrive,
    Submitted,
)
from pixelprose.streamkit import Message

Kind = Literal[
    "submitted",
    "waits",
    "fetched",
    "screened",
    "annotated",
    "captioned",
    "published",
    "rejected",
    "dead letter",
    "redriven",
    "dropped",
    "passed on",
    "row",
    "receipt",
]

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    Attributes:
        place: `topic:partition:offset`, a table, or an object.
        by: the service, with its step and version.
        why: of a bad end or a wait, its reason.
        facts: ids, versions, scores; nothing personal.
        personal: the record itself and texts; shown only to who asks.
    """

    at: datetime
    kind: Kind
    submission_id: str
    attempt: int
    place: str
    by: str = ""
    why: str = ""
    facts: Facts = field(default_factory=dict)
    personal: Facts = field(default_factory=dict)

    @property
    def ends(self) -> bool:
        """Whether an attempt ended with it."""
        return self.kind in {"published", "rejected", "dead letter"}

    @property
    def blocked(self) -> bool:
        """Whether nothing more may be said."""
        return self.kind == "rejected" and self.why == BLOCKED


def place_of(message: Message) -> str:
    """Return where a message lies, as `dlq list` prints it."""
    return f"{message.at.topic}:{message.at.partition}:{message.offset}"


def of_submitted(submitted: Submitted, message: Message, *, source: str) -> Event:
    """Return the act of submitting; another attempt is one that was put back."""
    return Event(
        at=message.timestamp,
        kind="submitted",
        submission_id=submitted.submission_id,
        attempt=submitted.attempt,
        place=place_of(message),
        by="a producer",
        facts={"dataset": submitted.record.source},
        personal={"event source": source, "record": plain(submitted.record)},
    )


def of_waiting(submitted: Submitted, message: Message, *, reason: str) -> Event:
    """Return a record in a retry topic."""
    return Event(
        at=message.timestamp,
        kind="waits",
        submission_id=submitted.submission_id,
        attempt=submitted.attempt,
        place=place_of(message),
        by="ingester",
        why=reason,
        facts={"wait": message.at.topic.rsplit(".", 1)[-1], "retry": submitted.retries},
    )


def of_failure(failure: Failure) -> Event:
    """Return a dead letter."""
    return Event(
        at=failure.message.timestamp,
        kind="dead letter",
        submission_id=failure.submission_id or "unknown",
        attempt=failure.attempt,
        place=str(failure.place),
        by=f"{failure.service} {failure.version}".strip(),
        why=failure.reason,
        facts={"error": failure.error_class, "id": str(failure.place)},
        personal={"error_text": failure.error_text},
    )


def of_decision(entry: Redrive, message: Message) -> Event:
    """Return what was decided about a dead letter or rejection."""
    return Event(
        at=entry.decided_at,
        kind="redriven" if entry.action == "redriven" else "dropped",
        submission_id=entry.submission_id or "unknown",
        attempt=(entry.attempt or 1) - 1,
        place=place_of(message),
        by=entry.by,
        why=entry.reason,
        facts=given({"new attempt": entry.attempt, "note": entry.note, "of": _of(entry)}),
    )


def of_hop(hop: Hop, *, submission_id: str, attempt: int) -> Event:
    """Return a passing that only a later record or row tells of."""
    return Event(
        at=hop.at,
        kind="passed on",
        submission_id=submission_id,
        attempt=attempt,
        place=f"{hop.topic}:{hop.partition}:{hop.offset}",
        by=f"{hop.service} {hop.version}",
    )


def _of(entry: Redrive) -> str:
    return f"{entry.topic}:{entry.partition}:{entry.offset}"


def given(facts: Facts) -> Facts:
    """Return the facts that say something."""
    return {name: value for name, value in facts.items() if value not in (None, "")}


def plain(record: ImageSubmitted | Group) -> Any:  # noqa: ANN401 - plain JSON values
    """Return a record as plain values."""
    if isinstance(record, ImageRejected):
        record = msgspec.structs.replace(
            record, record=None
        )  # the input, which has an event of its own
    return msgspec.to_builtins(record)
