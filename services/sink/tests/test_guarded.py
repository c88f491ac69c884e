from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import QueryBuilder
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from pixelprose.lake import TableSpec
from pixelprose.objectstore import StoreSettings, open_store
from pixelprose.sink.delta import DeltaLakeTable, table_in
from pixelprose.sink.guarded import Conflict, GuardedTable, Table
from pixelprose.sink.row import Row
from pixelprose.sink.testing import MemoryTable
from pixelprose.streamkit import TopicPartition, Unavailable

LANES = (TopicPartition("captions", 0), TopicPartition("captions", 1))
APPS = {lane: f"cluster/topic/{lane.partition}" for lane in LANES}
DAY = date(2026, 1, 2)


class Tiny(Struct, frozen=True, kw_only=True):
    ingest_date: date
    name: str


TINY = TableSpec(
    name="tiny", row=Tiny, sort_by=("name",), statistics=("name",), looked_up=("name",)
)


def row(lane: int, offset: int) -> Row:
    return Row(LANES[lane], offset, Tiny(ingest_date=DAY, name=f"{lane}-{offset}"))


def span(lane: int, *offsets: int) -> list[Row]:
    return [row(lane, offset) for offset in offsets]


def names(table: Table) -> list[str]:
    if isinstance(table, MemoryTable):
        return sorted(row.values.name for row in table.rows if isinstance(row.values, Tiny))
    assert isinstance(table, DeltaLakeTable)
    handle = table.snapshot()._handle
    found = QueryBuilder().register("t", handle).execute("select name from t").read_all()
    return sorted(map(str, pa.table(found).column("name").to_pylist()))


@pytest.fixture(params=["memory", "delta", pytest.param("s3", marks=pytest.mark.real)])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Table:
    if request.param == "memory":
        return MemoryTable()
    made = DeltaLakeTable(str(tmp_path / "tiny"), TINY, {})
    if request.param == "s3":
        store: StoreSettings = request.getfixturevalue("store")
        made = table_in(open_store(store), store, TINY)
    made.create()
    return made


def test_a_replay_adds_only_what_is_new(table: Table) -> None:
    guarded = GuardedTable(table, APPS)
    assert guarded.append(span(0, 0, 1)).new == 2
    assert guarded.append(span(0, 0, 1, 2)).new == 1
    assert names(table) == ["0-0", "0-1", "0-2"]


def test_partitions_are_told_apart(table: Table) -> None:
    guarded = GuardedTable(table, APPS)
    assert guarded.append([*span(0, 5), *span(1, 2)]).new == 2
    assert guarded.append([*span(0, 5), *span(1, 2, 3)]).new == 1
    assert names(table) == ["0-5", "1-2", "1-3"]


def test_a_recreated_topic_starts_anew(table: Table) -> None:
    GuardedTable(table, APPS).append(span(0, 7))
    anew = {lane: f"cluster/other-topic/{lane.partition}" for lane in LANES}
    assert GuardedTable(table, anew).append(span(0, 0)).new == 1


def test_nothing_to_append_asks_nothing_of_the_store() -> None:
    assert GuardedTable(MemoryTable(before_append=[pytest.fail]), APPS).append([]).new == 0


def test_a_zombie_that_wakes_up_late_repeats_nothing(table: Table) -> None:
    zombie = table.snapshot()
    GuardedTable(table, APPS).append(span(0, 0, 1, 2))
    with pytest.raises(Conflict):
        zombie.append(span(0, 0, 1), {APPS[LANES[0]]: 1})
    assert GuardedTable(table, APPS).append(span(0, 0, 1)).new == 0
    assert names(table) == ["0-0", "0-1", "0-2"]


def test_after_a_conflict_the_rows_are_compared_again() -> None:
    table = MemoryTable()
    table.before_append.append(lambda: move(table, span(0, 0)))
    assert GuardedTable(table, APPS).append(span(0, 0, 1)).new == 1
    assert names(table) == ["0-0", "0-1"]


def test_a_commit_whose_answer_was_lost_is_recognised() -> None:
    table = MemoryTable()
    table.after_append.append(unavailable)
    with pytest.raises(Unavailable):
        GuardedTable(table, APPS).append(span(0, 0, 1))
    assert GuardedTable(table, APPS).append(span(0, 0, 1)).new == 0
    assert names(table) == ["0-0", "0-1"]


def test_endless_conflicts_are_told_and_not_repeated_for_ever() -> None:
    def conflict() -> None:
        raise Conflict("again")

    with pytest.raises(Unavailable, match="in a row"):
        GuardedTable(MemoryTable(before_append=[conflict] * 100), APPS).append(span(0, 0))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12), st.integers(1, 6)), max_size=20))
def test_each_record_is_a_row_once_whatever_is_brought_how_often(
    deliveries: list[tuple[int, int, int]],
) -> None:
    table, delivered = MemoryTable(), {0: 0, 1: 0}
    for lane, start, length in deliveries:
        first = min(start, delivered[lane])  # a log never skips, it only goes back
        offsets = range(first, first + length)
        GuardedTable(table, APPS).append(span(lane, *offsets))
        delivered[lane] = max(delivered[lane], offsets.stop)
    expected = [f"{lane}-{offset}" for lane, end in delivered.items() for offset in range(end)]
    assert names(table) == sorted(expected)


def move(table: MemoryTable, rows: Sequence[Row]) -> None:
    """Let another writer in between a snapshot and its append."""
    GuardedTable(table, APPS).append(rows)


def unavailable() -> None:
    raise Unavailable("table", "the answer was lost")
