"""What is in a table: sizes from its log, counts and a sample from its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pixelprose.curator.columns import COUNTED_BY, POSITION
from pixelprose.curator.lake import DataFile, LakeTable
from pixelprose.lake import PARTITION_BY

_LARGEST_GROUPS = 1_000


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table in figures.

    Attributes:
        counts: rows by day, source, ..., each as value to count; largest first, days in order.
        sample: a few rows of the newest day, as plain values.
    """

    name: str
    version: int
    rows: int
    files: int
    size_bytes: int
    smallest_file_bytes: int
    largest_file_bytes: int
    first_day: date | None
    last_day: date | None
    counts: Mapping[str, Mapping[str, int]]
    sample: Sequence[Mapping[str, Any]]


def facts(table: LakeTable, *, sample_rows: int) -> TableFacts:
    """Return what is in the table.

    Raises:
        LakeError: a file is missing, or the store does not answer.
    """
    files = table.files()
    sizes = [file.size_bytes for file in files]
    days = [file.day for file in files]
    return TableFacts(
        name=table.name,
        version=table.version,
        rows=sum(file.rows for file in files),
        files=len(files),
        size_bytes=sum(sizes),
        smallest_file_bytes=min(sizes, default=0),
        largest_file_bytes=max(sizes, default=0),
        first_day=min(days, default=None),
        last_day=max(days, default=None),
        counts={name: _count(table, name, by) for name, by in COUNTED_BY[table.name].items()},
        sample=_sample(table, files, sample_rows),
    )


def _count(table: LakeTable, name: str, by: str) -> dict[str, int]:
    order = "1" if name == "day" else "2 desc, 1"
    found = table.records(
        f"select {by} as value, count(*) as rows from t "  # noqa: S608 - our own columns
        f"group by 1 order by {order} limit {_LARGEST_GROUPS}"
    )
    return {str(row["value"]): row["rows"] for row in found}


def _sample(table: LakeTable, files: Sequence[DataFile], count: int) -> list[dict[str, Any]]:
    if not (count and files):
        return []
    day = max(file.day for file in files)
    # By position, so that two looks at one version show the same rows.
    return table.records(
        f"select * from t where {PARTITION_BY} = date '{day}' "  # noqa: S608 - our own columns
        f"order by {POSITION}['partition'], {POSITION}['offset'] limit {count}"
    )
