"""Columns that come later: in the table without a rewrite, and beside older and newer sinks."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder
from msgspec import Struct

from pixelprose.lake import TABLES, TableSpec
from pixelprose.sink.delta import DeltaLakeTable
from pixelprose.sink.evolution import clashes, is_known
from pixelprose.sink.guarded import Conflict, GuardedTable
from pixelprose.sink.row import Row
from pixelprose.streamkit import ExitCode, Stop, TopicPartition

LANES = (TopicPartition("t", 0), TopicPartition("t", 1))
APPS = {lane: f"app/{lane.partition}" for lane in LANES}
DAY = date(2026, 1, 2)


class Group1(Struct, frozen=True, kw_only=True):
    a: int


class Element1(Struct, frozen=True, kw_only=True):
    x: int


class Row1(Struct, frozen=True, kw_only=True):
    ingest_date: date
    name: str
    group: Group1
    several: tuple[Element1, ...]
    perhaps: Group1 | None = None


class Group2(Struct, frozen=True, kw_only=True):
    before: str = "new"
    a: int


class Element2(Struct, frozen=True, kw_only=True):
    x: int
    y: str = "new"


class Row2(Struct, frozen=True, kw_only=True):
    ingest_date: date
    name: str
    extra: float = 0.5
    group: Group2
    several: tuple[Element2, ...]
    perhaps: Group2 | None = None


class Row3(Struct, frozen=True, kw_only=True):
    ingest_date: date
    name: float


def spec(row: type[Struct]) -> TableSpec:
    return TableSpec("evolving", row, sort_by=("name",), statistics=("name",), looked_up=("name",))


class Sink:
    def __init__(self, folder: Path, row: type[Struct], lane: int) -> None:
        self.table = DeltaLakeTable(str(folder), spec(row), {})
        self.table.create()
        self.at = LANES[lane]
        self.guarded = GuardedTable(self.table, APPS)

    def append(self, offset: int, values: Struct) -> int:
        return self.guarded.append([Row(self.at, offset, values)]).new


def old(name: str) -> Row1:
    several = (Element1(x=1), Element1(x=2))
    return Row1(ingest_date=DAY, name=name, group=Group1(a=1), several=several)


def new(name: str) -> Row2:
    several = (Element2(x=1),)
    return Row2(ingest_date=DAY, name=name, group=Group2(a=1), several=several)


def rows(folder: Path) -> Sequence[dict[str, Any]]:
    builder = QueryBuilder().register("t", DeltaTable(str(folder)))
    return pa.table(builder.execute("select * from t order by name").read_all()).to_pylist()


def files(folder: Path) -> set[str]:
    return set(DeltaTable(str(folder)).file_uris())


def test_a_column_joins_the_table_and_nothing_is_rewritten(tmp_path: Path) -> None:
    Sink(tmp_path, Row1, 0).append(0, old("a"))
    before = files(tmp_path)
    upgraded = Sink(tmp_path, Row2, 0)
    assert upgraded.append(1, new("b")) == 1
    assert upgraded.append(2, new("c")) == 1
    assert before < files(tmp_path)
    found = rows(tmp_path)
    assert [row["extra"] for row in found] == [None, 0.5, 0.5]
    assert [row["group"]["before"] for row in found] == [None, "new", "new"]
    assert [[one["y"] for one in row["several"]] for row in found] == [
        [None, None],
        ["new"],
        ["new"],
    ]


def test_sinks_of_two_releases_write_side_by_side(tmp_path: Path) -> None:
    older, newer = Sink(tmp_path, Row1, 0), Sink(tmp_path, Row2, 1)
    older.append(0, old("a"))
    newer.append(0, new("b"))
    older.append(1, old("c"))
    newer.append(1, new("d"))
    older.append(2, msgspec.structs.replace(old("e"), perhaps=Group1(a=7)))
    found = rows(tmp_path)
    assert [row["extra"] for row in found] == [None, 0.5, None, 0.5, None]
    assert [row["perhaps"] for row in found] == [None] * 4 + [{"before": None, "a": 7}]


def test_an_append_that_meets_a_change_of_columns_is_compared_and_done_again(
    tmp_path: Path,
) -> None:
    older, newer = Sink(tmp_path, Row1, 0), Sink(tmp_path, Row2, 1)
    older.append(0, old("a"))
    stale = older.table.snapshot()
    newer.append(0, new("b"))
    with pytest.raises(Conflict):
        stale.append([Row(LANES[0], 1, old("c"))], {APPS[LANES[0]]: 1})
    assert older.append(1, old("c")) == 1
    assert older.append(1, old("c")) == 0
    assert [row["name"] for row in rows(tmp_path)] == ["a", "b", "c"]


def test_a_column_that_joins_hides_no_row_that_came_meanwhile(tmp_path: Path) -> None:
    older, newer = Sink(tmp_path, Row1, 0), Sink(tmp_path, Row2, 0)
    older.append(0, old("a"))
    stale = newer.table.snapshot()
    older.append(1, old("b"))
    with pytest.raises(Conflict):
        stale.append([Row(LANES[0], 1, new("b"))], {APPS[LANES[0]]: 1})
    assert newer.append(1, new("b")) == 0
    assert [row["name"] for row in rows(tmp_path)] == ["a", "b"]


def test_a_column_whose_type_changed_stops_the_sink(tmp_path: Path) -> None:
    Sink(tmp_path, Row1, 0).append(0, old("a"))
    with pytest.raises(Stop) as stop:
        Sink(tmp_path, Row3, 0).append(1, Row3(ingest_date=DAY, name=1.0))
    assert stop.value.code is ExitCode.BAD_CONFIGURATION
    assert "evolving" in str(stop.value)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_that_this_release_made_needs_no_change(table: TableSpec, tmp_path: Path) -> None:
    made = DeltaLakeTable(str(tmp_path), table, {})
    made.create()
    known: Any = DeltaTable(made.uri).schema().to_arrow()
    assert is_known(list(table.schema), list(pa.schema(known)))
    assert is_known(list(pa.schema(known)), list(table.schema))
    assert list(clashes(list(table.schema), list(pa.schema(known)))) == []


def test_a_required_column_that_we_lack_is_named() -> None:
    theirs = [
        pa.field("a", pa.int64()),
        pa.field("b", pa.struct([pa.field("c", pa.int8(), nullable=False)])),
    ]
    assert list(clashes([pa.field("b", pa.struct([]))], theirs)) == ["b.c"]
