"""When files are written, and what they are like."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from pixelprose.lake import CAPTIONS, CaptionRow
from pixelprose.records import CaptionAnnotated, ImageId, Registry, RegistrySettings, Wire
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.sink.delta import DeltaLakeTable
from pixelprose.sink.files import ROW_GROUP_ROWS, writer_properties
from pixelprose.sink.row import Row
from pixelprose.sink.rows import caption_row
from pixelprose.sink.settings import SinkSection, flushing
from pixelprose.streamkit import (
    Emit,
    Inline,
    Message,
    Metrics,
    Outgoing,
    Runner,
    RunnerSettings,
    TopicPartition,
)
from pixelprose.streamkit.testing import HandClock, MemoryBroker, MemoryLog, TextCodec

AT = TopicPartition("captions", 0)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Scene:
    """A runner with the sink's rhythm, its clock, and what it committed."""

    def __init__(self, sink: SinkSection) -> None:
        self.broker, self.clock = MemoryBroker("in", partitions=1), HandClock()
        log = MemoryLog(self.broker)
        self.runner: Runner[str, str, Outgoing] = Runner(
            log,
            TextCodec(),
            Inline(lambda record: Emit((record,))),
            flushing(sink, RunnerSettings()),
            service="tests",
            version="1",
            metrics=Metrics(),
            clock=self.clock,
        )
        log.subscribe(self.runner)

    def feed(self, *values: str) -> int:
        """Return how many records are committed once these were read, and no time passed."""
        for value in values:
            self.broker.append(value.encode(), partition=0, key=b"key")
        return self.after(0)

    def after(self, seconds: float) -> int:
        self.clock.advance(seconds)
        for _ in range(9):
            self.runner.tick()
        return len(self.broker.appended["out"])


def test_rows_wait_a_minute_at_most() -> None:
    scene = Scene(SinkSection())
    assert scene.feed("a", "b") == 0
    assert scene.after(59) == 0
    assert scene.after(1) == 2


def test_many_bytes_do_not_wait() -> None:
    scene = Scene(SinkSection(flush_bytes=10))
    assert scene.feed("four") == 0
    assert scene.feed("and six") == 2


def test_many_rows_do_not_wait() -> None:
    scene = Scene(SinkSection(flush_records=3))
    assert scene.feed("a", "b") == 0
    assert scene.feed("c") == 3


def a_caption(dataset: str, image: str, *, day: int) -> CaptionRow:
    record = example(packaged(), CaptionAnnotated, "full")
    value = Wire(CaptionAnnotated, Registry(RegistrySettings())).encode(record)
    row = caption_row(record, Message(AT, 0, b"key", value, (), NOON + timedelta(days=day)), {})
    return msgspec.structs.replace(row, dataset=dataset, image_id=ImageId(image))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """What one commit of rows in any order leaves."""
    table = DeltaLakeTable(str(tmp_path), CAPTIONS, {})
    table.create()
    rows = [
        a_caption("redcaps", "b", day=0),
        a_caption("cc12m", "c", day=0),
        a_caption("redcaps", "a", day=0),
        a_caption("cc12m", "a", day=1),
    ]
    found = [Row(AT, number, row) for number, row in enumerate(rows)]
    table.snapshot().append(found, {"app": 3})
    return sorted(Path(uri.removeprefix("file://")) for uri in DeltaTable(table.uri).file_uris())


def columns_of(file: Path) -> list[Any]:  # the stubs know nothing of Bloom filters
    group = pq.read_metadata(file).row_group(0)
    return [group.column(number) for number in range(group.num_columns)]


def test_a_file_holds_one_day_in_the_order_of_source_and_image(files: list[Path]) -> None:
    assert [file.parent.name for file in files] == [
        "ingest_date=2026-01-02",
        "ingest_date=2026-01-03",
    ]
    keys: list[dict[str, Any]] = pq.read_table(
        files[0], columns=["dataset", "image_id"]
    ).to_pylist()
    assert [(one["dataset"], one["image_id"]) for one in keys] == [
        ("cc12m", "c"),
        ("redcaps", "a"),
        ("redcaps", "b"),
    ]


def test_a_row_group_is_no_larger_than_a_lookup_should_read(
    files: list[Path], tmp_path: Path
) -> None:
    few = pq.ParquetFile(files[0]).read(["row_id", "attempt"])
    many = pa.concat_tables([few] * (ROW_GROUP_ROWS // few.num_rows + 1))
    write_deltalake(str(tmp_path / "many"), many, writer_properties=writer_properties(CAPTIONS))
    (file,) = (tmp_path / "many").glob("*.parquet")
    found = pq.read_metadata(file)
    groups = [found.row_group(number).num_rows for number in range(found.num_row_groups)]
    assert groups == [ROW_GROUP_ROWS, many.num_rows - ROW_GROUP_ROWS]


def test_ids_have_bloom_filters_and_nothing_else_has(files: list[Path]) -> None:
    filtered = {
        column.path_in_schema for column in columns_of(files[0]) if column.bloom_filter_length
    }
    assert filtered == set(CAPTIONS.looked_up) >= {"image_id", "sha256", "row_id"}


def test_times_and_ids_have_bounds_and_what_may_be_erased_has_none(files: list[Path]) -> None:
    columns = columns_of(files[0])
    bounded = {column.path_in_schema for column in columns if column.is_stats_set}
    assert {"ingested_at", "image_id", "sha256"} <= bounded
    names = {column.path_in_schema for column in columns}
    for erasable in ("source.url", "source.canonical_url", "source.alt_text", "caption.text"):
        assert erasable in names - bounded
