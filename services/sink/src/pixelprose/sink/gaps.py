"""Gaps: records that nobody will ever read into a table, found before anything is committed.

What the group's position says cannot be known from the table alone: behind its last row may lie
records that made none, and markers of transactions. But every position of ours carries a note (see
streamkit's `killers`), so one without was put there by `topics init` or by hand. Behind such a one
the log itself is asked, as far as it is still there.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pixelprose.sink.guarded import GuardedTable
from pixelprose.streamkit import Committed, TopicPartition


class Partitions(Protocol):
    """What the broker says of partitions; everything raises `Unavailable` when it does not."""

    def beginnings(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the first offset that each partition still has."""

    def holds(self, at: TopicPartition, first: int, end: int) -> bool:
        """Return whether a record can be read at `first` or behind it, before `end`."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Offsets of a partition, from `first` to before `end`, that were never read."""

    at: TopicPartition
    first: int
    end: int

    def __str__(self) -> str:
        return f"{self.at.topic}/{self.at.partition} {self.first} to {self.end - 1}"


@dataclass(frozen=True, slots=True)
class Gaps:
    """Finds gaps between a table and where its group goes on."""

    table: GuardedTable
    partitions: Partitions

    def find(self, positions: Mapping[TopicPartition, Committed]) -> Sequence[Gap]:
        """Return what was never read of these partitions, and cannot be any more.

        Raises:
            Unavailable: the store or the broker does not answer.
        """
        last = self.table.last(positions)
        first = self.partitions.beginnings(positions)
        return list(self._gaps(positions, last, first))

    def _gaps(
        self,
        positions: Mapping[TopicPartition, Committed],
        last: Mapping[TopicPartition, int],
        first: Mapping[TopicPartition, int],
    ) -> Iterator[Gap]:
        for at, position in positions.items():
            if position.offset < 0:
                continue
            read = position.offset
            if not position.note and at in last:
                read = min(read, last[at] + 1)
            begins = first.get(at, 0)
            goes_on = max(position.offset, begins)
            if goes_on <= read:
                continue
            if begins > read or self.partitions.holds(at, read, goes_on):
                yield Gap(at, read, goes_on)
