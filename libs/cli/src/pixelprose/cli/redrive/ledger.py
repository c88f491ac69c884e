"""What was decided before, by whomever: the ledger of redrives."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pixelprose.cli.redrive.failure import Place
from pixelprose.records import Redrive, SubmissionId


@dataclass(slots=True)
class Ledger:
    """Decisions by place; one place is decided about once, and never again.

    `topic_ids` are Kafka's own ids of today's topics: an entry about an older topic of the same
    name says nothing of what now lies at that place.
    """

    topic_ids: dict[str, str]
    entries: dict[Place, Redrive] = field(default_factory=dict)
    attempts: dict[SubmissionId, int] = field(default_factory=dict)

    def add_all(self, entries: Iterable[Redrive]) -> None:
        """Note entries, in the order in which they lie on the topic."""
        for entry in entries:
            self.add(entry)

    def add(self, entry: Redrive) -> None:
        """Note one entry."""
        if entry.submission_id is not None and entry.attempt is not None:
            known = self.attempts.get(entry.submission_id, 0)
            self.attempts[entry.submission_id] = max(known, entry.attempt)
        if self.topic_ids.get(entry.topic) == entry.topic_id:
            self.entries[Place(entry.topic, entry.partition, entry.offset)] = entry

    def decided(self, place: Place) -> Redrive | None:
        """Return what was decided about it; None while it is open."""
        return self.entries.get(place)

    def next_attempt(self, submission: SubmissionId | None, *, after: int) -> int:
        """Return one more than the highest attempt that is known."""
        highest = self.attempts.get(submission, 0) if submission else 0
        return max(highest, after) + 1
