"""What a step decides about one record: a value of a closed union."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

O_co = TypeVar("O_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Emit(Generic[O_co]):
    """Forward these records, each to the topic of its type."""

    records: tuple[O_co, ...]


@dataclass(frozen=True, slots=True)
class Reject(Generic[O_co]):
    """An expected no: the submission ends here, with a reason from the checked list.

    Attributes:
        reason: a code of `schemas/codes.yaml`; it becomes a metric label.
        detail: a sentence for people; no personal data, no secrets.
        scores: what the decision was made on, by name.
        duplicate_of: the submission that owns the same already.
        also: records that go out beside the rejection (a safety incident).
        evidence: what else the rejection is to say; the codec knows its type.
    """

    reason: str
    detail: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    duplicate_of: str | None = None
    also: tuple[O_co, ...] = ()
    evidence: object = None


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: the record comes again from a retry topic, or is rejected when all were used.

    Attributes:
        reason: a code of a rejection; what the record is rejected for in the end.
        detail: as of a rejection.
        least_seconds: the shortest wait that makes sense (what a server asked for, say).
    """

    reason: str
    detail: str = ""
    least_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing to do, because it was done already; counted by `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The record is broken: its original bytes go to the dead-letter topic."""

    reason: str
    detail: str = ""


Outcome = Emit[O_co] | Reject[O_co] | Later | Skip | DeadLetter
