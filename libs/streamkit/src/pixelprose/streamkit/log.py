"""The seam to the broker: a partitioned log, as little of it as the runner needs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

P_contra = TypeVar("P_contra", contravariant=True)

Headers = tuple[tuple[str, bytes], ...]
"""Kafka headers in order; names may repeat."""


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    """One ordered lane of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Message:
    """A record as it lies on the log: bytes with a position and a broker time (UTC)."""

    at: TopicPartition
    offset: int
    key: bytes | None
    value: bytes
    headers: Headers
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Committed:
    """Where a group goes on in a partition, and the note that its last commit left there."""

    offset: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes to append to a topic; the key picks the partition."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers = ()


class Membership(Protocol):
    """What the log tells its reader about partitions; called from inside `poll` or `close`."""

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """These partitions are now ours, from their committed positions on."""

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        """These go to another member after this call; committing them still works inside it."""

    def lost(self, partitions: Collection[TopicPartition]) -> None:
        """These may already belong to another member: drop them, commit nothing of them."""


class Log(Protocol[P_contra]):
    """The broker as the runner sees it.

    `P` is what the log's codec makes of an output record: `Outgoing` on Kafka, a row for a table.
    """

    def probe(self) -> None:
        """Return when everything that this log needs is there and answers.

        Raises:
            Unavailable: the broker does not answer within the start deadline.
            Stop: a topic is not there.
        """

    def subscribe(self, membership: Membership) -> None:
        """Join the group.

        Raises:
            Unavailable: the broker does not answer.
            Stop: another process has this identity.
        """

    def poll(self, timeout_seconds: float) -> Message | None:
        """Serve callbacks and return the next message of a partition that is not paused.

        Raises:
            Stop: a position is missing or out of range, or the client is broken.
        """

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        """Return nothing more from these until `resume`; others go on."""

    def resume(self, partitions: Collection[TopicPartition]) -> None:
        """Take up again where `pause` stopped; nothing is skipped."""

    def idle_positions(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Positions past everything delivered, transaction markers included (lag reaches 0)."""

    def committed(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, Committed]:
        """The group's positions here; those that can't be had just now are missing."""

    def commit(
        self,
        outputs: Sequence[P_contra],
        letters: Sequence[Outgoing],
        positions: Mapping[TopicPartition, Committed],
    ) -> bool:
        """Append everything and move the group to `positions`: all of it, or nothing.

        `letters` are dead letters and records put off: they go to Kafka as they are.

        Returns:
            False when nothing happened and the same work, as far as it is still owned, must be
            committed again after the next `poll`.

        Raises:
            OutputTooLarge: nothing happened; the log can't hold some of `outputs`.
            Stop: the process can't go on.
        """

    def close(self) -> None:
        """Leave the group and release the clients."""
