"""The guarded commit: a row goes into a table once, whoever brings it how often.

delta-rs does not refuse a replay by itself: only a handle that is older than the other commit
conflicts. So the comparison and the commit happen on one handle, and after any conflict both are
done again on a fresh one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from pixelprose.sink.admission import Owning, Refusal, admit
from pixelprose.sink.recent import RecentRows, Remembering
from pixelprose.sink.row import Row
from pixelprose.streamkit import TopicPartition, Unavailable

AppId = str
"""Identity of one partition of one topic of one cluster; a recreated topic gets another."""


# Each conflict means that another writer got through; this many in a row means something else.
_CONFLICTS = 20


class Conflict(Exception):
    """Another commit came between the snapshot and ours; nothing was written."""


class Snapshot(Remembering, Owning, Protocol):
    """A table as it was at one moment, and the right to append if it still is."""

    def version_of(self, app: AppId) -> int | None:
        """Return the last offset of this partition that the table holds.

        Raises:
            Unavailable: the store does not answer.
        """

    def append(self, rows: Sequence[Row], versions: Mapping[AppId, int]) -> None:
        """Append the rows and set the partitions' versions: both, or neither.

        Raises:
            Conflict: one of these partitions moved since the snapshot.
            Unavailable: the store does not answer; the rows may or may not be there.
        """


class Table(Protocol):
    """A table that can be looked at afresh."""

    def snapshot(self) -> Snapshot:
        """Return the newest state.

        Raises:
            Unavailable: the store does not answer.
        """


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of rows: how many were written now, and which are refused."""

    new: int = 0
    refused: Sequence[Refusal] = ()


@dataclass(frozen=True, slots=True)
class GuardedTable:
    """Appends each record's row at most once, by its position on the log, and each row_id once."""

    table: Table
    apps: Mapping[TopicPartition, AppId]
    recent: RecentRows = field(default_factory=RecentRows)

    def last(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the last offset of each partition that the table holds, where it holds any.

        Raises:
            Unavailable: the store does not answer.
        """
        return self._last(self.table.snapshot(), partitions)

    def append(self, rows: Sequence[Row]) -> Appended:
        """Append those rows that the table does not hold yet.

        Rows that were refused are told, also when they are brought again.

        Raises:
            Unavailable: the store does not answer; the same rows can be brought again.
        """
        conflict: Conflict | None = None
        for _ in range(_CONFLICTS if rows else 0):
            snapshot = self.table.snapshot()
            last = self._last(snapshot, {row.at for row in rows})
            admitted = admit(rows, last, snapshot, self.recent)
            try:
                if admitted.new:
                    snapshot.append(admitted.new, self._versions(admitted.fresh))
            except Conflict as error:
                conflict = error
            else:
                return Appended(len(admitted.new), admitted.refused)
        if conflict:
            raise Unavailable("table", f"{_CONFLICTS} conflicts in a row") from conflict
        return Appended()

    def _last(
        self, snapshot: Snapshot, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        # Asked once per partition: the answer takes half a millisecond.
        found = {at: snapshot.version_of(self.apps[at]) for at in partitions}
        return {at: last for at, last in found.items() if last is not None}

    def _versions(self, rows: Sequence[Row]) -> dict[AppId, int]:
        ordered = sorted(rows, key=lambda row: row.at)
        return {
            self.apps[at]: max(row.offset for row in group)
            for at, group in groupby(ordered, key=lambda row: row.at)
        }
