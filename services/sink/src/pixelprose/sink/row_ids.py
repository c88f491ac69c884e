"""Row ids that a Delta table holds: the newest ones, and those among some, with whose they are."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, QueryBuilder

from pixelprose.sink.row import Row, Who
from pixelprose.streamkit import Unavailable

ROW_ID: Final = "row_id"
TIME: Final = "ingested_at"

_compute: Any = pc  # the stubs know not all of it

_AT_ONCE: Final = 1_000
"""Row ids in one query: more make its plan slow."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A version of a table, and the files that it has."""

    version: int
    files: frozenset[str]


def newest(table: DeltaTable, after: Mark | None, *, limit: int) -> tuple[dict[str, Any], Mark]:
    """Return the row_ids of files that came since `after`, as far as among the newest `limit` rows.

    Which rows are new, the statistics of `ingested_at` say; a compaction's files count by what is
    in them. A table without row ids has none.
    """
    version = table.version()
    if after is not None and after.version == version:
        return {}, after
    if not {ROW_ID, TIME} <= {field.name for field in table.schema().fields}:
        return {}, Mark(version, frozenset())
    files = pa.table(table.get_add_actions(flatten=True))
    if not files.num_rows:
        return {}, Mark(version, frozenset())
    paths = _texts(files, "path")
    mark = Mark(version, frozenset(paths))
    known = after.files if after else frozenset[str]()
    is_new = pa.array([path not in known for path in paths], pa.bool_())
    since = _oldest(files, is_new, limit=limit)
    if since is None:
        return {}, mark
    # Files whose rows are all older are passed over.
    sql = f"select {ROW_ID}, {TIME} from rows where {TIME} >= timestamp '{since.isoformat()}'"  # noqa: S608 - ours
    found = _asked(table, sql)
    times: list[Any] = found.column(TIME).to_pylist()
    return dict(zip(_texts(found, ROW_ID), times, strict=True)), mark


def _oldest(files: pa.Table, chosen: "pa.BooleanArray", *, limit: int) -> datetime | None:
    """Return the oldest time in the chosen files, as far as among those of the newest rows.

    It stays in Arrow: a table of years has thousands of files, and each commit asks.
    """
    begin, end = f"min.{TIME}", f"max.{TIME}"
    known = files.select(["num_records", begin, end]).append_column("chosen", chosen)
    known = known.sort_by([(end, "descending")])
    count = known.column("num_records")
    newer = _compute.subtract(_compute.cumulative_sum(count), count)
    wanted = _compute.and_(_compute.less(newer, limit), known.column("chosen"))
    found: datetime | None = _compute.min(known.column(begin).filter(wanted)).as_py()
    return found


def owners(
    table: DeltaTable, rows: Sequence[Row], *, since: datetime | None
) -> Mapping[str, Collection[Who]]:
    """Return the row_ids among those of `rows` that the table holds (since then), and whose.

    Files of other times and policies are passed over by their statistics, row groups without any of
    the ids by their Bloom filters.
    """
    policies = {row.policy_hash for row in rows}
    wanted = sorted({row.row_id for row in rows})
    found: defaultdict[str, set[Who]] = defaultdict(set)
    for start in range(0, len(wanted), _AT_ONCE):
        sql = (
            f"select {ROW_ID}, submission_id, attempt from rows "  # noqa: S608 - quoted
            f"where {ROW_ID} in {_listed(wanted[start:][:_AT_ONCE])}"
        )
        if None not in policies:
            sql += f" and policy_hash in {_listed(sorted(map(str, policies)))}"
        if since is not None:
            sql += f" and {TIME} >= timestamp '{since.isoformat()}'"
        for row in _asked(table, sql).to_pylist():
            found[row[ROW_ID]].add(Who(row["submission_id"], row["attempt"]))
    return found


def _asked(table: DeltaTable, sql: str) -> pa.Table:
    try:
        return pa.table(QueryBuilder().register("rows", table).execute(sql).read_all())
    except Exception as error:
        # The engine raises nothing narrower when the store does not answer.
        raise Unavailable("table", f"{table.table_uri}: {error}") from error


def _texts(table: pa.Table, column: str) -> list[str]:
    values: list[Any] = table.column(column).to_pylist()
    return values


def _listed(values: Sequence[str]) -> str:
    return "(" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + ")"
