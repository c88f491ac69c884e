"""Checks that no row is there twice."""

from pixelprose.curator.columns import POSITION
from pixelprose.curator.finding import Finding, failed, passed
from pixelprose.curator.lake import LakeTable
from pixelprose.records.counted import counted

_LISTED = 1_000


def check_row_ids(table: LakeTable) -> Finding:
    """No row_id is there twice."""
    return _unique("row ids", table, "row_id")


def check_positions(table: LakeTable) -> Finding:
    """No record of the topic became two rows.

    A topic that was made anew has other records at the same places: their time tells them apart.
    """
    place = (f"{POSITION}['{part}']" for part in ("topic", "partition", "offset"))
    return _unique("positions", table, f"concat_ws(' ', {', '.join(place)}, ingested_at)")


def _unique(check: str, table: LakeTable, key: str) -> Finding:
    twice = table.records(
        f"select {key} as key, count(*) as rows from t "  # noqa: S608 - our own columns
        f"group by 1 having count(*) > 1 order by 2 desc, 1 limit {_LISTED}"
    )
    if twice:
        examples = [f"{row['key']} has {row['rows']} rows" for row in twice]
        return failed(check, table.name, f"{len(twice):,} more than once", examples)
    rows = sum(file.rows for file in table.files())
    return passed(check, table.name, f"{counted(rows, 'row')}, each once")
