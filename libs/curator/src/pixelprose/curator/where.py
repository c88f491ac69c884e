"""Conditions on captions: SQL by the tables' own engine, on rows in a table or in none yet."""

from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any

from deltalake import DeltaTable, write_deltalake

from pixelprose.curator.errors import LakeError, WrongRequest
from pixelprose.curator.lake import LakeTable
from pixelprose.lake import CAPTIONS, CaptionRow
from pixelprose.lake.arrow import arrow_table
from pixelprose.objectstore import MemoryStore


def condition(where: str | None) -> str:
    """Return what was asked for as SQL; nothing asked for takes every row."""
    return f"({where})" if where else "true"


def check_where(table: LakeTable, where: str | None) -> None:
    """Do nothing if `where` is a condition on the columns of `captions`.

    Raises:
        WrongRequest: it is no SQL, or names an unknown column.
    """
    try:
        table.query(f"select row_id from captions where {condition(where)} limit 0")  # noqa: S608 - the filter is the person's own
    except LakeError as error:
        raise WrongRequest(f"the filter {where!r} can't be used: {error}") from error


class Where:
    """A condition on captions that lie in no table yet.

    deltalake's engine reads nothing but Delta tables, so the rows become one for a moment: 500 rows
    are judged in some 40 ms, and an expression means the same as in `pixelprose export --where`.

    Raises:
        WrongRequest: it is no SQL, or names an unknown column.
    """

    def __init__(self, where: str | None) -> None:
        self._where = where
        if where is not None:
            with TemporaryDirectory(prefix="pixelprose-where-") as folder:
                check_where(_table(folder, ()), where)

    def matching(self, rows: Sequence[CaptionRow]) -> list[dict[str, Any]]:
        """Return the rows that fit as plain values, oldest first.

        Raises:
            LakeError: the condition can't be evaluated on one.
        """
        if self._where is None:
            return arrow_table(CaptionRow, rows).to_pylist(maps_as_pydicts="strict")
        with TemporaryDirectory(prefix="pixelprose-where-") as folder:
            return _table(folder, rows).records(
                f"select * from captions where {condition(self._where)} "  # noqa: S608 - the filter is the person's own
                "order by ingested_at, lineage['partition'], lineage['offset']"
            )


def _table(folder: str, rows: Sequence[CaptionRow]) -> LakeTable:
    write_deltalake(folder, arrow_table(CaptionRow, rows))
    return LakeTable(CAPTIONS, DeltaTable(folder), MemoryStore())
