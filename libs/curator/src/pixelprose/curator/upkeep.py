"""Compaction and vacuum: fewer, larger files, beside running sinks and readers."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from deltalake.exceptions import CommitFailedError, DeltaError

from pixelprose.curator.errors import LakeError
from pixelprose.curator.lake import DataFile, LakeTable
from pixelprose.lake import PARTITION_BY
from pixelprose.sink.files import writer_properties

TARGET_BYTES = 128 * 1024**2
_SAFE_FOR_READERS = timedelta(days=7)
_ASKERS = 8


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day's files that compaction would bring together."""

    day: date
    files: int
    size_bytes: int
    rows: int

    @property
    def files_after(self) -> int:
        """About how many files will be left of these."""
        return max(1, -(-self.size_bytes // TARGET_BYTES))


def compaction_plan(table: LakeTable, *, target_bytes: int = TARGET_BYTES) -> Sequence[DayPlan]:
    """Return the days with at least two files below the target, oldest first."""
    small = [file for file in table.files() if file.size_bytes < target_bytes]
    by_day = groupby(sorted(small, key=_day), key=_day)
    plans = [_plan(day, list(files)) for day, files in by_day]
    return [plan for plan in plans if plan.files > 1]


def compact(table: LakeTable, day: date, *, target_bytes: int = TARGET_BYTES) -> tuple[int, int]:
    """Bring a day's small files together; rows keep their order inside each former file.

    A commit of its own per day: stopped in between, the days before are done. Appends of sinks
    go on beside it and do not conflict.

    Returns:
        Files removed and files added.

    Raises:
        LakeError: the store does not answer, or somebody deletes rows of the same files.
    """
    return _rewrite(
        table,
        day,
        lambda: table.handle.optimize.compact(
            partition_filters=[(PARTITION_BY, "=", str(day))],
            target_size=target_bytes,
            # One file in work at a time: each takes several times its size in memory.
            max_concurrent_tasks=1,
            writer_properties=writer_properties(table.spec),
        ),
    )


def cluster(table: LakeTable, day: date, *, target_bytes: int = TARGET_BYTES) -> tuple[int, int]:
    """Rewrite all files of a day in Z-order of its sort columns: lookups open fewer files.

    Returns and raises as `compact` does.
    """
    return _rewrite(
        table,
        day,
        lambda: table.handle.optimize.z_order(
            table.spec.sort_by,
            partition_filters=[(PARTITION_BY, "=", str(day))],
            target_size=target_bytes,
            # One file in work at a time: each takes several times its size in memory.
            max_concurrent_tasks=1,
            writer_properties=writer_properties(table.spec),
        ),
    )


@dataclass(frozen=True, slots=True)
class Garbage:
    """Files that no version within the retention needs."""

    files: Sequence[str]
    size_bytes: int


def garbage(table: LakeTable, *, retention: timedelta = _SAFE_FOR_READERS) -> Garbage:
    """Return what a vacuum would free; nothing is deleted.

    Raises:
        LakeError: the retention is shorter than is safe for readers, or the store does not answer.
    """
    return _garbage(table, _vacuum(table, retention, dry_run=True))


def vacuum(table: LakeTable, *, retention: timedelta = _SAFE_FOR_READERS) -> Garbage:
    """Delete the files that no version within the retention needs, and return them.

    Raises as `garbage` does.
    """
    found = garbage(table, retention=retention)
    deleted = frozenset(_vacuum(table, retention, dry_run=False))
    return Garbage([file for file in found.files if file in deleted], found.size_bytes)


def _day(file: DataFile) -> date:
    return file.day


def _plan(day: date, files: Sequence[DataFile]) -> DayPlan:
    return DayPlan(
        day=day,
        files=len(files),
        size_bytes=sum(file.size_bytes for file in files),
        rows=sum(file.rows for file in files),
    )


def _rewrite(
    table: LakeTable, day: date, rewrite: Callable[[], dict[str, object]]
) -> tuple[int, int]:
    try:
        done = rewrite()
    except CommitFailedError as error:
        raise LakeError(
            f"table {table.name}, {day}: rows of these files were deleted meanwhile; "
            "nothing was changed, run it again"
        ) from error
    except (DeltaError, OSError) as error:
        raise LakeError(f"table {table.name}, {day}: {error}") from error
    return int(str(done["numFilesRemoved"])), int(str(done["numFilesAdded"]))


def _vacuum(table: LakeTable, retention: timedelta, *, dry_run: bool) -> list[str]:
    try:
        return table.handle.vacuum(
            retention_hours=round(retention / timedelta(hours=1)),
            dry_run=dry_run,
            full=True,
        )
    except (DeltaError, OSError) as error:
        raise LakeError(f"table {table.name} can't be vacuumed: {error}") from error


def _garbage(table: LakeTable, files: Sequence[str]) -> Garbage:
    with ThreadPoolExecutor(_ASKERS) as pool:
        found = pool.map(lambda path: table.store.stat(table.key(path)), files)
        return Garbage(files, sum(stat.size_bytes for stat in found if stat))
