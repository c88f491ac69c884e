"""A table in memory that models what the guarded commit sees of a real one."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pixelprose.sink.guarded import AppId, Conflict
from pixelprose.sink.row import Row, Who


@dataclass
class MemoryTable:
    """Rows and positions; a snapshot conflicts when one of its partitions moved since."""

    rows: list[Row] = field(default_factory=list)
    versions: dict[AppId, int] = field(default_factory=dict)
    before_append: list[Callable[[], None]] = field(default_factory=list)
    after_append: list[Callable[[], None]] = field(default_factory=list)
    compactions: int = 0

    def compact(self) -> None:
        """Put the same rows into other files: who knows them by their files reads them anew."""
        self.compactions += 1

    def snapshot(self) -> "MemorySnapshot":
        """Return the state as it is now."""
        return MemorySnapshot(self, dict(self.versions), tuple(self.rows), self.compactions)


@dataclass
class MemorySnapshot:
    """What one look saw; hooks run just before and just after an append."""

    table: MemoryTable
    seen: dict[AppId, int]
    rows: Sequence[Row]
    compactions: int

    def version_of(self, app: AppId) -> int | None:
        """Return the last offset as it was seen."""
        return self.seen.get(app)

    def owners(self, rows: Sequence[Row], *, since: object | None) -> Mapping[str, Collection[Who]]:
        """Return the row_ids that the table held, and whose they were."""
        begin = since if isinstance(since, int) else 0
        asked = {row.row_id for row in rows}
        found: defaultdict[str, set[Who]] = defaultdict(set)
        for row in self.rows[begin:]:
            if row.row_id in asked:
                found[row.row_id].add(row.who)
        return found

    def newest(self, after: object | None, *, limit: int) -> tuple[Mapping[str, Any], object]:
        """Return the row_ids since the mark: how many rows there were, after which compaction."""
        oldest, mark = max(0, len(self.rows) - limit), (self.compactions, len(self.rows))
        known = isinstance(after, tuple) and after[0] == self.compactions
        begin = after[1] if isinstance(after, tuple) and known else oldest
        found = {row.row_id: number for number, row in enumerate(self.rows) if number >= begin}
        return found, mark

    def append(self, rows: Sequence[Row], versions: Mapping[AppId, int]) -> None:
        """Append if nobody moved these partitions in between."""
        if self.table.before_append:
            self.table.before_append.pop(0)()
        if any(self.table.versions.get(app) != self.seen.get(app) for app in versions):
            raise Conflict("moved")
        self.table.rows.extend(rows)
        self.table.versions.update(versions)
        if self.table.after_append:
            self.table.after_append.pop(0)()
