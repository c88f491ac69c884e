"""Data files are what delta-rs itself would write, in the file and in the table's log."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from msgspec import Struct
from msgspec.structs import replace

from pixelprose.lake import TableSpec
from pixelprose.sink.delta import DeltaLakeTable
from pixelprose.sink.files import ROW_GROUP_ROWS, writer_properties
from pixelprose.sink.guarded import Conflict
from pixelprose.sink.row import Row
from pixelprose.streamkit import TopicPartition, Unavailable

AT = TopicPartition("captions", 0)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Thing(Struct, frozen=True, kw_only=True):
    url: str
    tags: tuple[str, ...]


class Kinds(Struct, frozen=True, kw_only=True):
    ingest_date: date
    ingested_at: datetime
    row_id: str
    number: int
    sometimes: str | None
    never: str | None
    thing: Thing
    fields: dict[str, str]


KINDS = TableSpec(
    name="kinds",
    row=Kinds,
    sort_by=("row_id",),
    statistics=("ingested_at", "row_id", "number", "sometimes", "never"),
    looked_up=("row_id",),
)


def kinds(number: int) -> Kinds:
    at = NOON + timedelta(seconds=number, microseconds=123_456)
    return Kinds(
        ingest_date=at.date(),
        ingested_at=at,
        row_id=f"ä{number:06}",
        number=-number,
        sometimes=f"s{number}" if number % 3 else None,
        never=None,
        thing=Thing(url=f"https://images.example/{number}", tags=("a",) * (number % 3)),
        fields={"n": str(number)},
    )


class Made:
    """A table of ours, and one that delta-rs wrote of the same rows."""

    def __init__(self, folder: Path, rows: Sequence[Kinds]) -> None:
        self.ours, self.theirs = str(folder / "ours"), str(folder / "theirs")
        for uri in (self.ours, self.theirs):
            DeltaLakeTable(uri, KINDS, {}).create()
        append(self.ours, rows)
        write_deltalake(
            self.theirs,
            KINDS.arrow(rows),
            mode="append",
            writer_properties=writer_properties(KINDS),
        )

    def files(self) -> tuple[Sequence[Path], Sequence[Path]]:
        return files(self.ours), files(self.theirs)


def append(uri: str, rows: Sequence[Kinds]) -> None:
    table = DeltaLakeTable(uri, KINDS, {})
    given = [Row(AT, number, row) for number, row in enumerate(rows)]
    table.snapshot().append(given, {"app": len(given)})


def files(uri: str) -> Sequence[Path]:
    found = [Path(one.removeprefix("file://")) for one in DeltaTable(uri).file_uris()]
    return sorted(found, key=lambda file: file.parent.name)


def told(uri: str) -> Sequence[dict[str, Any]]:
    """Return what the log says of each file, as Delta's own reader takes it."""
    actions = pa.table(DeltaTable(uri).get_add_actions(flatten=True))
    own = {"path", "size_bytes", "modification_time"}
    rows = actions.drop_columns([name for name in actions.column_names if name in own]).to_pylist()
    return sorted(rows, key=lambda row: str(row["partition.ingest_date"]))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Rows of two days, of the second more than a row group takes."""
    many = range(43_200, 43_200 + ROW_GROUP_ROWS + 500)
    return Made(tmp_path_factory.mktemp("lake"), [*map(kinds, range(5)), *map(kinds, many)])


def test_the_log_says_of_a_file_what_it_says_of_those_of_delta_rs(made: Made) -> None:
    found = told(made.ours)
    assert found == told(made.theirs)
    assert [row["num_records"] for row in found] == [5, ROW_GROUP_ROWS + 500]
    assert found[0]["min.ingested_at"] == NOON + timedelta(milliseconds=123)
    assert not [name for name in found[0] if "thing" in name or "fields" in name]


def test_a_file_is_laid_out_as_those_of_delta_rs(made: Made) -> None:
    for ours, theirs in zip(*made.files(), strict=True):
        assert ours.parent.name == theirs.parent.name
        mine, its = pq.ParquetFile(ours), pq.ParquetFile(theirs)
        assert mine.schema.equals(its.schema)
        assert mine.schema_arrow.equals(its.schema_arrow)
        assert layout(ours) == layout(theirs)
        assert pq.read_table(ours).equals(pq.read_table(theirs))


def layout(file: Path) -> Sequence[object]:
    metadata: Any = pq.read_metadata(file)  # the stubs know nothing of Bloom filters
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    return [
        (
            group.num_rows,
            column.path_in_schema,
            column.compression,
            sorted(column.encodings),
            column.bloom_filter_length,
            column.has_offset_index,
            column.statistics and column.statistics.to_dict(),
        )
        for group in groups
        for column in (group.column(number) for number in range(metadata.num_columns))
    ]


def test_bounds_of_pages_stand_where_those_of_files_do(made: Made) -> None:
    group: Any = pq.read_metadata(files(made.ours)[0]).row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    indexed = {column.path_in_schema for column in columns if column.has_column_index}
    # Of nulls alone there are none.
    assert indexed <= set(KINDS.statistics)
    assert indexed >= {"ingested_at", "row_id", "number", "sometimes"}


def test_a_long_text_is_within_its_bounds(tmp_path: Path) -> None:
    rows = [replace(kinds(0), row_id=letter * 200) for letter in ("\U0010ffff", "a")]
    made = Made(tmp_path, rows)
    (ours,), (theirs,) = told(made.ours), told(made.theirs)
    assert (ours["min.row_id"], ours["max.row_id"]) == ("a" * 200, "\U0010ffff" * 200)
    assert theirs["min.row_id"] <= ours["min.row_id"], "delta-rs cuts it"


@pytest.mark.parametrize("column", ["row_id", "number", "ingested_at"])
def test_readers_open_no_file_that_the_log_rules_out(tmp_path: Path, column: str) -> None:
    uri = str(tmp_path / "t")
    DeltaLakeTable(uri, KINDS, {}).create()
    append(uri, [kinds(0), kinds(1)])
    (first,) = files(uri)
    append(uri, [kinds(5), kinds(6)])
    first.unlink()
    wanted = getattr(kinds(5), column)
    handle = DeltaTable(uri)
    literal = wanted if isinstance(wanted, int) else f"'{wanted}'"
    builder = QueryBuilder().register("t", handle)
    found = builder.execute(f"select number from t where {column} = {literal}").read_all()
    assert pa.table(found).to_pylist() == [{"number": -5}]
    chosen = handle.to_pyarrow_dataset().to_table(
        columns=["number"], filter=ds.field(column) == wanted, use_threads=False
    )
    assert chosen.to_pylist() == [{"number": -5}]
    with pytest.raises(FileNotFoundError):
        handle.to_pyarrow_dataset().to_table(use_threads=False)


def test_a_file_whose_commit_failed_is_seen_by_no_one_and_vacuumed(tmp_path: Path) -> None:
    uri = str(tmp_path)
    table = DeltaLakeTable(uri, KINDS, {})
    table.create()
    late = table.snapshot()
    append(uri, [kinds(0)])
    kept = files(uri)
    with pytest.raises(Conflict):
        late.append([Row(AT, 0, kinds(0))], {"app": 0})
    assert files(uri) == kept
    assert len(list(tmp_path.glob("*/*.parquet"))) == 2
    DeltaTable(uri).vacuum(0, dry_run=False, enforce_retention_duration=False, full=True)
    assert list(tmp_path.glob("*/*.parquet")) == kept


def test_what_is_no_row_of_the_table_is_not_written(tmp_path: Path) -> None:
    table = DeltaLakeTable(str(tmp_path), KINDS, {})
    table.create()
    broken = replace(kinds(0), row_id=None)
    with pytest.raises(Unavailable, match="null"):
        table.snapshot().append([Row(AT, 0, broken)], {"app": 0})
    assert files(table.uri) == []


def test_the_log_is_summed_up_as_often_as_the_table_says(tmp_path: Path) -> None:
    table = DeltaLakeTable(str(tmp_path), KINDS, {})
    table.create()
    DeltaTable(table.uri).alter.set_table_properties({"delta.checkpointInterval": "3"})
    for offset in range(4):
        table.snapshot().append([Row(AT, offset, kinds(offset))], {"app": offset})
    found = {file.name for file in (tmp_path / "_delta_log").glob("*.checkpoint.parquet")}
    assert found == {f"{2:020}.checkpoint.parquet", f"{5:020}.checkpoint.parquet"}
    assert DeltaTable(table.uri).transaction_version("app") == 3


def test_history_says_how_many_rows_came(tmp_path: Path) -> None:
    DeltaLakeTable(str(tmp_path), KINDS, {}).create()
    append(str(tmp_path), [kinds(0), kinds(1)])
    (newest, *_) = DeltaTable(str(tmp_path)).history(1)
    assert newest["operation"] == "WRITE"
    assert newest["operationMetrics"] == {"num_added_files": 1, "num_added_rows": 2}
