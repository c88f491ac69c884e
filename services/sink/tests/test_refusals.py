"""Rows whose row_id a table holds already: refused, whoever wrote them and however long ago."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from msgspec import Struct

from pixelprose.lake import TableSpec
from pixelprose.objectstore import StoreSettings, open_store
from pixelprose.sink.admission import Refusal
from pixelprose.sink.delta import DeltaLakeTable, table_in
from pixelprose.sink.files import writer_properties
from pixelprose.sink.guarded import GuardedTable, Table
from pixelprose.sink.recent import RecentRows
from pixelprose.sink.refused import Refusals, refused_rows
from pixelprose.sink.row import Row
from pixelprose.sink.testing import MemoryTable
from pixelprose.streamkit import Metrics, TopicPartition

LANES = (TopicPartition("captions", 0), TopicPartition("captions", 1))
APPS = {lane: f"cluster/topic/{lane.partition}" for lane in LANES}
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Named(Struct, frozen=True, kw_only=True):
    ingest_date: date
    ingested_at: datetime
    row_id: str
    policy_hash: str
    submission_id: str
    attempt: int


NAMED = TableSpec(
    name="named",
    row=Named,
    sort_by=("row_id",),
    statistics=("ingested_at", "row_id", "policy_hash"),
    looked_up=("row_id",),
)


def row(offset: int, row_id: str, *, lane: int = 0, again: bool = False, policy: str = "p") -> Row:
    at = NOON + timedelta(seconds=offset)
    values = Named(
        ingest_date=at.date(),
        ingested_at=at,
        row_id=row_id,
        policy_hash=policy,
        submission_id="s",
        attempt=offset,
    )
    return Row(LANES[lane], offset, values, row_id=row_id, again=again)


@pytest.fixture(params=["memory", "delta", pytest.param("s3", marks=pytest.mark.real)])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Table:
    if request.param == "memory":
        return MemoryTable()
    if request.param == "delta":
        return delta(tmp_path)
    store: StoreSettings = request.getfixturevalue("store")
    made = table_in(open_store(store), store, NAMED)
    made.create()
    return made


def delta(folder: Path) -> DeltaLakeTable:
    made = DeltaLakeTable(str(folder / "named"), NAMED, {})
    made.create()
    return made


class Sink:
    """One process's view of a table, and what it refused."""

    def __init__(self, table: Table, *, recent: int = 100) -> None:
        self.refused: list[str] = []
        self.guarded = GuardedTable(table, APPS, recent=RecentRows(recent))

    def append(self, *rows: Row) -> int:
        appended = self.guarded.append(rows)
        self.refused += [one.row.row_id for one in appended.refused]
        return appended.new


def test_a_record_that_the_broker_doubled_is_one_row(table: Table) -> None:
    sink = Sink(table)
    assert sink.append(row(0, "a"), row(1, "b"), row(2, "a")) == 2
    assert sink.append(row(3, "b"), row(4, "c")) == 1
    assert sink.refused == ["a", "b"]


def test_the_filter_is_rebuilt_from_the_table(table: Table) -> None:
    Sink(table).append(row(0, "a"), row(1, "b"))
    restarted = Sink(table)
    assert restarted.append(row(2, "b"), row(3, "c")) == 1
    assert restarted.refused == ["b"]


def test_the_filter_knows_what_another_sink_wrote_beside_it(table: Table) -> None:
    one, other = Sink(table), Sink(table)
    one.append(row(0, "a"))
    other.append(row(0, "b", lane=1))
    assert one.append(row(1, "b"), row(2, "c")) == 1
    assert one.refused == ["b"]


def test_what_is_refused_is_passed_and_not_brought_again(table: Table) -> None:
    sink = Sink(table)
    sink.append(row(0, "a"))
    assert sink.append(row(1, "b"), row(2, "a")) == 1
    assert sink.guarded.last(LANES) == {LANES[0]: 2}
    assert sink.append(row(1, "b"), row(2, "a")) == 0
    assert sink.refused == ["a"]


def test_the_filter_forgets_the_oldest(table: Table) -> None:
    sink = Sink(table, recent=2)
    for number, name in enumerate("abcd"):
        sink.append(row(number, name))
    assert sink.append(row(4, "a")) == 1, "too long ago for the filter"
    assert len(sink.guarded.recent) == 2


def test_a_redriven_record_is_looked_up_however_long_ago(table: Table) -> None:
    sink = Sink(table, recent=1)
    sink.append(row(0, "it's old"))
    sink.append(row(1, "b"), row(2, "c"))
    sink.append(row(3, "d"))
    assert sink.append(row(4, "it's old", again=True), row(5, "e", again=True)) == 1
    assert sink.refused == ["it's old"]


def test_a_replay_under_another_policy_is_new(table: Table) -> None:
    sink = Sink(table, recent=1)
    sink.append(row(0, "a"))
    assert sink.append(row(1, "a2", again=True, policy="q")) == 1
    assert sink.refused == []


def test_rows_without_identity_are_never_refused(table: Table) -> None:
    sink = Sink(table)
    assert sink.append(row(0, ""), row(1, "")) == 2
    assert sink.append(row(2, "")) == 1


def test_a_compaction_makes_nothing_new_and_nothing_unknown(tmp_path: Path) -> None:
    table = delta(tmp_path)
    sink = Sink(table, recent=3)
    for number, name in enumerate("abcd"):
        sink.append(row(number, name))
    DeltaTable(table.uri).optimize.compact(writer_properties=writer_properties(NAMED))
    assert len(DeltaTable(table.uri).file_uris()) == 1
    assert sink.append(row(4, "d"), row(5, "e")) == 1
    assert Sink(table, recent=3).append(row(6, "e"), row(7, "d")) == 0


def test_refused_rows_are_counted() -> None:
    metrics = Metrics()
    refusals = Refusals(count=refused_rows(metrics, service="sink.captions"))
    refusals.committed([Refusal(row(0, "a"), None), Refusal(row(1, "b"), None)])
    assert 'rows_refused_total{service="sink.captions"} 2.0' in metrics.exposition().decode()
