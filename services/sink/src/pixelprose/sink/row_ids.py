"""Row ids that a Delta table holds: the newest ones, and those among some."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import PyFileSystem

from pixelprose.sink.row import Row

ROW_ID: Final = "row_id"
TIME: Final = "ingested_at"

_AT_ONCE: Final = 1_000
"""Row ids in one query: more make its plan slow."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A version of a table, and the files that it has."""

    version: int
    files: frozenset[str]


def newest(
    table: DeltaTable, options: Mapping[str, str], after: Mark | None, *, limit: int
) -> tuple[dict[str, Any], Mark]:
    """Return the row_ids of files that came since `after`, as far as among the newest `limit` rows.

    Which rows are new, the statistics of `ingested_at` say; a compaction's files count by what is
    in them. A table without row ids has none.
    """
    version = table.version()
    if after is not None and after.version == version:
        return {}, after
    files = _files(table)
    mark = Mark(version, frozenset(path for path, _ in files))
    known = after.files if after else frozenset[str]()
    if not {ROW_ID, TIME} <= {field.name for field in table.schema().fields}:
        return {}, mark
    # One thread: pyarrow's own end the interpreter by SIGABRT when they outlive a Python file.
    store = PyFileSystem(DeltaStorageHandler(table.table_uri, dict(options)))
    found: dict[str, Any] = {}
    for path in _within(files, limit):
        if path not in known:
            part = pq.read_table(
                path, filesystem=store, columns=[ROW_ID, TIME], use_threads=False, pre_buffer=False,
                partitioning=None,
            )  # fmt: skip
            found.update(zip(_texts(part, ROW_ID), part.column(TIME).to_pylist(), strict=True))
    return found, mark


def _files(table: DeltaTable) -> list[tuple[str, int]]:
    """Path and rows of every file, the newest rows first."""
    actions = pa.table(table.get_add_actions(flatten=True))
    newest = f"max.{TIME}"
    order = newest if newest in actions.column_names else "modification_time"
    ordered = actions.sort_by([(order, "descending")])
    counts: list[Any] = ordered.column("num_records").to_pylist()
    return list(zip(_texts(ordered, "path"), counts, strict=True))


def _within(files: Sequence[tuple[str, int]], limit: int) -> Iterator[str]:
    rows = 0
    for path, count in files:
        if rows >= limit:
            return
        rows += count
        yield path


def holding(table: DeltaTable, rows: Sequence[Row]) -> Collection[str]:
    """Return the row_ids among those of `rows` that the table holds.

    Files of other policies are passed over by their statistics, row groups without any of the ids
    by their Bloom filters.
    """
    policies = {getattr(row.values, "policy_hash", None) for row in rows} - {None}
    wanted = sorted({row.row_id for row in rows})
    found: set[str] = set()
    for start in range(0, len(wanted), _AT_ONCE):
        sql = f"select row_id from rows where row_id in {_listed(wanted[start:][:_AT_ONCE])}"  # noqa: S608 - quoted
        if policies:
            sql += f" and policy_hash in {_listed(sorted(map(str, policies)))}"
        answer = pa.table(QueryBuilder().register("rows", table).execute(sql).read_all())
        found.update(_texts(answer, ROW_ID))
    return found


def _texts(table: pa.Table, column: str) -> list[str]:
    values: list[Any] = table.column(column).to_pylist()
    return values


def _listed(values: Sequence[str]) -> str:
    return "(" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + ")"
