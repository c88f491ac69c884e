"""Tables that stay fast: compaction and vacuum, table by table, beside running sinks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from pixelprose.curator.errors import LakeError
from pixelprose.curator.lake import Lake
from pixelprose.curator.upkeep import compact, compaction_plan, vacuum


@dataclass(slots=True)
class Maintained:
    """What was done about one table.

    Attributes:
        files: of the table afterwards; null when the store did not answer.
        troubles: what kept it from doing more, each a sentence.
    """

    table: str
    compacted: int = 0
    made: int = 0
    freed: int = 0
    freed_bytes: int = 0
    files: int | None = None
    troubles: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """How tables are to be kept; `stopping` is asked between two steps."""

    lake: Lake
    target_bytes: int
    retention: timedelta
    stopping: Callable[[], bool]

    def run(self, name: str | None) -> Iterator[Maintained]:
        """Go through that table, or all there are; yield what was done to each.

        Nothing is raised for a store that does not answer, or another maintenance that came first:
        what was not done is done the next time.

        Raises:
            LakeError: there is no table yet, or the store does not answer at all.
        """
        for table in self._names(name):
            if self.stopping():
                return
            done = Maintained(table)
            self._compact(done)
            self._vacuum(done)
            yield done

    def _names(self, name: str | None) -> Sequence[str]:
        return [name] if name else [table.name for table in self.lake.tables()]

    def _compact(self, done: Maintained) -> None:
        for day in self._days(done):
            if self.stopping():
                return
            try:
                # Each day on a fresh handle: sinks have appended since the last one.
                table = self.lake.open(done.table)
                gone, new = compact(table, day, target_bytes=self.target_bytes)
            except LakeError as error:
                done.troubles.append(str(error))
            else:
                done.compacted, done.made = done.compacted + gone, done.made + new

    def _days(self, done: Maintained) -> Sequence[date]:
        try:
            plans = compaction_plan(self.lake.open(done.table), target_bytes=self.target_bytes)
        except LakeError as error:
            done.troubles.append(str(error))
            return ()
        return [plan.day for plan in plans]

    def _vacuum(self, done: Maintained) -> None:
        if self.stopping():
            return
        try:
            table = self.lake.open(done.table)
            freed = vacuum(table, retention=self.retention)
            done.files = len(table.files())
        except LakeError as error:
            done.troubles.append(str(error))
        else:
            done.freed, done.freed_bytes = len(freed.files), freed.size_bytes
