"""A filtered count and a lookup in a large table, beside the same rows in plain Parquet files."""

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
import pyarrow.dataset as ds
from bench.sink.captions import AT, NOON, SOURCES, Captions, column_reader, opened
from bench.sink.meter import Figures, least, ratios
from bench.sink.throughput import write
from deltalake import DeltaTable, QueryBuilder

from pixelprose.lake import CAPTIONS
from pixelprose.sink.gathered import gathered
from pixelprose.sink.row import InColumns, Row

_BATCH: Final = 20_000
_IDS: Final = ("row_id", "image_id", "submission_id", "sha256")
_arrow: Any = pa  # the stubs know no signature with a type that is known at run time alone


def lookups(*, rows: int, rounds: int) -> Figures:
    """Microseconds of each question, and ratios: above 1, the table is faster.

    The table is asked twice: by its own engine in SQL, and through pyarrow as plain files are.
    """
    figures: Figures = {}
    with TemporaryDirectory() as name:
        wanted = _fill(Path(name), rows)
        for question, column, value in (
            ("count", "dataset", SOURCES[1]),
            ("lookup", "image_id", wanted),
        ):
            _ask(figures, question, Path(name), (column, value), rounds=rounds)
    return figures


def _ask(
    figures: Figures, question: str, folder: Path, where: tuple[str, str], *, rounds: int
) -> None:
    column, value = where
    plain, handle = ds.dataset(folder / "plain"), DeltaTable(str(folder / "table"))
    schema = _arrow.schema(handle.schema().to_arrow())
    files = ds.dataset(handle.file_uris(), schema=schema, partitioning="hive")
    engine = QueryBuilder().register("captions", handle)
    sql = f"select count(*) as n from captions where {column} = '{value}'"
    chosen = ds.field(column) == value

    def in_sql() -> int:
        (row,) = pa.table(engine.execute(sql).read_all()).to_pylist()
        found: int = row["n"]
        return found

    answers = {
        least(figures, f"{question}_sql", in_sql, rounds=rounds),
        least(figures, f"{question}_files", lambda: files.count_rows(filter=chosen), rounds=rounds),
        least(figures, f"{question}_plain", lambda: plain.count_rows(filter=chosen), rounds=rounds),
    }
    if len(answers) > 1:
        raise RuntimeError(f"the table and the plain files differ: {answers} for {sql}")
    for way in ("sql", "files"):
        ratios(figures, f"{question}_plain_over_{way}", f"{question}_plain", f"{question}_{way}")


def _fill(folder: Path, rows: int) -> str:
    """Write the same rows as the sink does and as plain files; return an image_id of them."""
    _, guarded = opened(folder, "table")
    (folder / "plain").mkdir()
    # Together: what is read at once is less than a commit.
    columns = gathered(CAPTIONS, column_reader()(Captions().messages(min(_BATCH, rows))).rows)
    wanted = ""
    for start in range(0, rows, _BATCH):
        batch = _renewed(columns, start)
        guarded.append(batch)
        values = gathered(CAPTIONS, batch)
        write(values, folder / f"plain/{start:09}.parquet")
        wanted = values.column("image_id")[0].as_py()
    return wanted


def _renewed(columns: pa.Table, start: int) -> Sequence[Row]:
    """Return the rows with ids, times and offsets of their own."""
    count = columns.num_rows
    ids = {name: _digests(count) for name in _IDS}
    at = [NOON + timedelta(seconds=start + n) for n in range(count)]
    for name, values in (*ids.items(), ("ingested_at", at)):
        field = columns.schema.field(name)
        place = columns.schema.get_field_index(name)
        columns = columns.set_column(place, field, _arrow.array(values, field.type))
    return [
        Row(AT, start + n, InColumns(columns, n), row_id=row_id)
        for n, row_id in enumerate(ids["row_id"])
    ]


def _digests(count: int) -> Sequence[str]:
    digits = os.urandom(32 * count).hex()
    return [digits[at : at + 64] for at in range(0, len(digits), 64)]
