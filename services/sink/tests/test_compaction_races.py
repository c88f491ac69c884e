"""Compaction beside two sinks and a delete: no row is lost, none comes twice."""

from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier, Thread

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import CommitFailedError
from msgspec import Struct

from pixelprose.lake import TableSpec
from pixelprose.sink.delta import DeltaLakeTable
from pixelprose.sink.files import writer_properties
from pixelprose.sink.guarded import GuardedTable
from pixelprose.sink.row import Row
from pixelprose.streamkit import TopicPartition, Unavailable

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LANES = (TopicPartition("captions", 0), TopicPartition("captions", 1))
APPS = {lane: f"cluster/topic/{lane.partition}" for lane in LANES}
ROWS = 12


class Named(Struct, frozen=True, kw_only=True):
    ingest_date: date
    ingested_at: datetime
    row_id: str


NAMED = TableSpec(
    name="named",
    row=Named,
    sort_by=("row_id",),
    statistics=("ingested_at", "row_id"),
    looked_up=("row_id",),
)


def row(lane: int, offset: int) -> Row:
    name = f"{lane}-{offset}"
    values = Named(ingest_date=NOON.date(), ingested_at=NOON, row_id=name)
    return Row(LANES[lane], offset, values, row_id=name)


def test_appends_of_two_sinks_a_compaction_and_a_delete_at_once(tmp_path: Path) -> None:
    table = DeltaLakeTable(str(tmp_path / "named"), NAMED, {})
    table.create()
    GuardedTable(table, APPS).append([row(0, 0), row(1, 0)])
    failed: list[CommitFailedError] = []
    start = Barrier(4)

    def sink(lane: int) -> None:
        start.wait()
        for offset in range(1, ROWS):
            bring(GuardedTable(table, APPS), row(lane, offset))

    def compactor() -> None:
        start.wait()
        failed.extend(error for _ in range(5) if (error := compacted(table.uri)))

    def eraser() -> None:
        start.wait()
        assert any(erased(table.uri) for _ in range(20))

    works = [Thread(target=sink, args=(lane,)) for lane in (0, 1)]
    works += [Thread(target=compactor), Thread(target=eraser)]
    for work in works:
        work.start()
    for work in works:
        work.join()
    assert len(failed) < 5, "the delete comes in between once"
    expected = {f"{lane}-{offset}" for lane in (0, 1) for offset in range(ROWS)} - {"0-0"}
    assert names(table.uri) == sorted(expected)


def compacted(uri: str) -> CommitFailedError | None:
    try:
        DeltaTable(uri).optimize.compact(writer_properties=writer_properties(NAMED))
    except CommitFailedError as error:
        return error
    return None


def bring(sink: GuardedTable, one: Row) -> None:
    for _ in range(20):
        try:
            sink.append([one])
        except Unavailable:
            continue
        return
    raise AssertionError("the table never took it")


def erased(uri: str) -> bool:
    try:
        DeltaTable(uri).delete("row_id = '0-0'")
    except Exception as error:
        # delta-rs has several types for a commit that came between.
        if "onflict" not in str(error) and "ommit" not in str(error):
            raise
        return False
    return True


def names(uri: str) -> list[str]:
    found = QueryBuilder().register("t", DeltaTable(uri)).execute("select row_id from t")
    return sorted(map(str, pa.table(found.read_all()).column("row_id").to_pylist()))
