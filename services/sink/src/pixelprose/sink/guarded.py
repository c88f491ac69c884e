"""The guarded commit: a row goes into a table once, whoever brings it how often.

delta-rs does not refuse a replay by itself: only a handle that is older than the other commit
conflicts. So the comparison and the commit happen on one handle, and after any conflict both are
done again on a fresh one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from pixelprose.sink.row import Row
from pixelprose.streamkit import TopicPartition, Unavailable

AppId = str
"""Identity of one partition of one topic of one cluster; a recreated topic gets another."""


# Each conflict means that another writer got through; this many in a row means something else.
_CONFLICTS = 20


class Conflict(Exception):
    """Another commit came between the snapshot and ours; nothing was written."""


class Snapshot(Protocol):
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
class GuardedTable:
    """Appends each record's row at most once, by its position on the log."""

    table: Table
    apps: Mapping[TopicPartition, AppId]

    def append(self, rows: Sequence[Row]) -> int:
        """Append those rows that the table does not hold yet.

        Returns:
            How many rows were new.

        Raises:
            Unavailable: the store does not answer; the same rows can be brought again.
        """
        conflict: Conflict | None = None
        for _ in range(_CONFLICTS):
            snapshot = self.table.snapshot()
            rows = [row for row in rows if not self._holds(snapshot, row)]
            if not rows:
                return 0
            try:
                snapshot.append(rows, self._versions(rows))
            except Conflict as error:
                conflict = error
            else:
                return len(rows)
        raise Unavailable("table", f"{_CONFLICTS} conflicts in a row") from conflict

    def _holds(self, snapshot: Snapshot, row: Row) -> bool:
        last = snapshot.version_of(self.apps[row.at])
        return last is not None and row.offset <= last

    def _versions(self, rows: Sequence[Row]) -> dict[AppId, int]:
        ordered = sorted(rows, key=lambda row: row.at)
        return {
            self.apps[at]: max(row.offset for row in group)
            for at, group in groupby(ordered, key=lambda row: row.at)
        }
