"""Records that another deployment's replay makes again: their rows are there, however old."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pixelprose.lake import CAPTIONS, IMAGES, REJECTIONS, TableSpec
from pixelprose.records import (
    CaptionAnnotated,
    Group,
    ImageAnnotated,
    ImageRejected,
    Registry,
    RegistrySettings,
    Wire,
    schema_text,
    topic_of,
)
from pixelprose.records.codec import Passing, RecordCodec
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.sink.codec import RowCodec, RowOf
from pixelprose.sink.columns import ColumnsOf, caption_columns, image_columns
from pixelprose.sink.delta import DeltaLakeTable
from pixelprose.sink.guarded import Appended, GuardedTable
from pixelprose.sink.reading import ColumnReader
from pixelprose.sink.recent import RecentRows
from pixelprose.sink.row import Row
from pixelprose.sink.rows import caption_row, image_row, rejection_row
from pixelprose.streamkit import Message, TopicPartition
from pixelprose.streamkit.letters import DeadLetters

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LIVE = "live"
REGISTRY = Registry(RegistrySettings())
RECORDS = RecordCodec(
    Passing(service="sink", stage="sink", version="1", instance=LIVE, cluster="c"),
    REGISTRY,
    now=lambda: NOON,
)
Read = Callable[[Sequence[Message]], Sequence[Row]]


@dataclass(frozen=True)
class Kind:
    """A table, and the way from its topic's messages to its rows."""

    spec: TableSpec
    record: type[Group]
    read: Read


def one_by_one(row_of: RowOf[Any]) -> Read:
    rows: RowCodec[Any] = RowCodec(RECORDS, row_of, instance=LIVE)
    return lambda messages: [rows.encode(rows.decode(message), message) for message in messages]


def together(
    spec: TableSpec, record: type[Group], row_of: RowOf[Any], columns_of: ColumnsOf
) -> Read:
    reader = ColumnReader(
        spec,
        columns_of,
        RowCodec(RECORDS, row_of, instance=LIVE),
        DeadLetters("sink", version="1"),
        schema=schema_text(record.__name__),
        prefix=RECORDS.prefix(record),
        instance=LIVE,
        fuse_least=1,
        fuse_share=0.1,
    )
    return lambda messages: reader(messages).rows


KINDS = {
    "captions": Kind(
        CAPTIONS,
        CaptionAnnotated,
        together(CAPTIONS, CaptionAnnotated, caption_row, caption_columns),
    ),
    "captions one by one": Kind(CAPTIONS, CaptionAnnotated, one_by_one(caption_row)),
    "images": Kind(
        IMAGES, ImageAnnotated, together(IMAGES, ImageAnnotated, image_row, image_columns)
    ),
    "images one by one": Kind(IMAGES, ImageAnnotated, one_by_one(image_row)),
    "rejections": Kind(REJECTIONS, ImageRejected, one_by_one(rejection_row)),
}


class Sink:
    """A sink whose filter of the newest row ids knows none."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind = kind
        self.lane = TopicPartition(topic_of(kind.record), 0)
        self.offset = 0
        table = DeltaLakeTable(str(folder / kind.spec.name), kind.spec, {})
        table.create()
        self.guarded = GuardedTable(table, {self.lane: "cluster/topic/0"}, RecentRows(0))

    def bring(self, *records: Group, event: str = "event") -> Appended:
        messages = [self.message(record, f"{event} {n}") for n, record in enumerate(records)]
        return self.guarded.append(self.kind.read(messages))

    def message(self, record: Group, event: str) -> Message:
        value = Wire(self.kind.record, REGISTRY).encode(record)
        self.offset += 1
        return Message(self.lane, self.offset, b"key", value, (("ce_id", event.encode()),), NOON)


@pytest.fixture(params=list(KINDS))
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Sink:
    return Sink(KINDS[request.param], tmp_path)


def passed_on_by(instance: str, record: Any, **changed: object) -> Any:  # noqa: ANN401 - any record
    replace = msgspec.structs.replace
    hops = tuple(replace(hop, instance=instance) for hop in record.lineage)
    return replace(record, lineage=hops, **changed)


def test_a_row_that_a_replay_makes_again_is_refused_however_old(sink: Sink) -> None:
    record = example(packaged(), sink.kind.record, "full")
    assert sink.bring(passed_on_by(LIVE, record)).new == 1
    again = sink.bring(passed_on_by("replay", record))
    assert (again.new, len(again.refused)) == (0, 1)


def test_what_only_a_replay_made_is_a_row(sink: Sink) -> None:
    assert (
        sink.bring(passed_on_by("replay", example(packaged(), sink.kind.record, "full"))).new == 1
    )


def test_our_own_records_are_not_looked_up_in_the_whole_table(sink: Sink) -> None:
    record = passed_on_by(LIVE, example(packaged(), sink.kind.record, "full"))
    assert sink.bring(record).new == 1
    assert sink.bring(record).new == 1, "this costs, and only a producer's fault makes it so"


def test_rejections_with_and_without_a_policy_are_found_together(tmp_path: Path) -> None:
    sink = Sink(KINDS["rejections"], tmp_path)
    record = example(packaged(), ImageRejected, "full")
    both = [passed_on_by("replay", record, policy_hash=policy) for policy in (None, "a" * 64)]
    assert sink.bring(*both).new == 2
    assert sink.bring(*both).new == 0
