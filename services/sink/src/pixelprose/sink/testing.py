"""A table in memory that models what the guarded commit sees of a real one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pixelprose.sink.guarded import AppId, Conflict
from pixelprose.sink.row import Row


@dataclass
class MemoryTable:
    """Rows and positions; a snapshot conflicts when one of its partitions moved since."""

    rows: list[Row] = field(default_factory=list)
    versions: dict[AppId, int] = field(default_factory=dict)
    before_append: list[Callable[[], None]] = field(default_factory=list)
    after_append: list[Callable[[], None]] = field(default_factory=list)

    def snapshot(self) -> "MemorySnapshot":
        """Return the state as it is now."""
        return MemorySnapshot(self, dict(self.versions))


@dataclass
class MemorySnapshot:
    """What one look saw; hooks run just before and just after an append."""

    table: MemoryTable
    seen: dict[AppId, int]

    def version_of(self, app: AppId) -> int | None:
        """Return the last offset as it was seen."""
        return self.seen.get(app)

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
