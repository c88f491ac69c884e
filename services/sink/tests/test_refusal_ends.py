"""What becomes of a record whose row is refused: one end, whatever dies when."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pixelprose.lake import CAPTIONS
from pixelprose.records import (
    CaptionAnnotated,
    ImageRejected,
    Registry,
    RegistrySettings,
    SubmissionId,
    Wire,
    schema_text,
    topic_of,
)
from pixelprose.records.codec import Passing, RecordCodec
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.sink.codec import RowCodec
from pixelprose.sink.columns import caption_columns
from pixelprose.sink.delta import DeltaLakeTable
from pixelprose.sink.guarded import GuardedTable, Table
from pixelprose.sink.late import LateCodec
from pixelprose.sink.reading import ColumnReader
from pixelprose.sink.recent import RecentRows
from pixelprose.sink.refused import Refusals, Rejections
from pixelprose.sink.rows import caption_row
from pixelprose.sink.table_log import TableLog
from pixelprose.sink.testing import MemoryTable
from pixelprose.streamkit import Committed, Outgoing, TopicPartition
from pixelprose.streamkit.letters import DeadLetters
from pixelprose.streamkit.testing import MemoryBroker, MemoryLog

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
TOPIC = topic_of(CaptionAnnotated)
REGISTRY = Registry(RegistrySettings())
RECORDS = RecordCodec(
    Passing(service="sink.captions", stage="sink", version="1", instance="live", cluster="c"),
    REGISTRY,
    now=lambda: NOON,
)
CAPTION = Wire(CaptionAnnotated, REGISTRY)
REJECTED = Wire(ImageRejected, REGISTRY)
ROWS = RowCodec(RECORDS, caption_row, instance="live")
PREFIX = RECORDS.prefix(CaptionAnnotated)


class Died(BaseException):
    """The process is no more."""


class DyingLog(MemoryLog):
    """Dies in the Kafka transaction: the table's commit is done."""

    def commit(self, *_: object) -> bool:
        raise Died


class World:
    """A topic and a table that outlive the sinks."""

    def __init__(self, table: Table, *, recent: int) -> None:
        self.table = table
        self.broker = MemoryBroker(TOPIC, now=lambda: NOON)
        self.at = self.broker.lanes[0]
        self._recent = recent

    def feed(self, submission: str, *, attempt: int = 0) -> None:
        known = example(packaged(), CaptionAnnotated, "full")
        replaced = msgspec.structs.replace(
            known.submission, submission_id=SubmissionId(submission), attempt=attempt
        )
        record = msgspec.structs.replace(known, submission=replaced)
        self.broker.append(CAPTION.encode(record))

    def feed_half(self) -> bytes:
        """Feed a record of our schema whose end is missing; only the commit sees it."""
        whole = CAPTION.encode(example(packaged(), CaptionAnnotated, "full"))
        self.broker.append(whole[: len(whole) // 2])
        return whole[: len(whole) // 2]

    def sink(self, kind: type[MemoryLog] = MemoryLog) -> None:
        """Read everything that is there, commit it, and end."""
        late, inner = LateCodec(ROWS, PREFIX), kind(self.broker)
        log: TableLog[Any] = TableLog(
            inner,
            GuardedTable(self.table, {self.at: "cluster/topic/0"}, RecentRows(self._recent)),
            reading=ColumnReader(
                CAPTIONS,
                caption_columns,
                ROWS,
                DeadLetters("sink.captions", version="1"),
                schema=schema_text("CaptionAnnotated"),
                prefix=PREFIX,
                instance="live",
                fuse_least=50,
                fuse_share=0.5,
            ),
            deadline_seconds=1.0,
            refusals=Refusals(Rejections(RECORDS)),
        )
        log.subscribe(Nobody())
        found = []
        while (message := log.poll(0.0)) is not None:
            found.append(late.decode(message))
        try:
            assert log.commit(found, (), {self.at: Committed(len(self.broker.records[self.at]))})
        finally:
            self.broker.expel(inner)

    def dead_letters(self) -> Sequence[Outgoing]:
        return self.broker.appended[f"{TOPIC}.sink.captions.dlq"]

    def rejections(self) -> Sequence[Outgoing]:
        return self.broker.appended[topic_of(ImageRejected)]

    def rejected(self) -> list[tuple[str, int, str | None]]:
        """Who was rejected, and whose row is there."""
        found = [REJECTED.decode(out.value) for out in self.rejections()]
        assert all((one.stage, one.reason) == ("sink", "duplicate_row") for one in found)
        return [
            (one.submission.submission_id, one.submission.attempt, one.duplicate_of)
            for one in found
        ]


class Nobody:
    """A member that does not care."""

    def assigned(self, partitions: Collection[TopicPartition]) -> None: ...
    def revoked(self, partitions: Collection[TopicPartition]) -> None: ...
    def lost(self, partitions: Collection[TopicPartition]) -> None: ...


@pytest.fixture(params=["memory", "delta"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Table:
    if request.param == "memory":
        return MemoryTable()
    made = DeltaLakeTable(str(tmp_path / "captions"), CAPTIONS, {})
    made.create()
    return made


@pytest.fixture(params=[0, 100], ids=["filter forgets", "filter knows"])
def world(request: pytest.FixtureRequest, table: Table) -> World:
    return World(table, recent=request.param)


def test_a_refused_record_is_rejected_and_the_owner_is_named(world: World) -> None:
    world.feed("a")
    world.sink()
    world.feed("b", attempt=1)
    world.sink()
    assert world.rejected() == [("b", 1, "a")]
    (rejection,) = world.rejections()
    record = REJECTED.decode(rejection.value)
    owned = example(packaged(), CaptionAnnotated, "full")
    assert f"row {owned.caption.row_id} is of submission a" in record.detail
    assert (record.sha256, record.policy_hash) == (owned.image.sha256, owned.caption.policy_hash)
    assert record.record is None, "a retry would make the same row"
    assert [hop.service for hop in record.lineage][-1] == "sink.captions"


def test_an_attempt_that_owns_the_row_has_its_end_however_often_it_comes(world: World) -> None:
    world.feed("a")
    world.sink()
    world.feed("a")
    world.sink()
    assert world.rejected() == []


def test_a_later_attempt_of_the_owner_is_rejected_and_names_its_own_submission(
    world: World,
) -> None:
    world.feed("a")
    world.sink()
    world.feed("a", attempt=1)
    world.sink()
    assert world.rejected() == [("a", 1, "a")]


def test_a_death_between_table_and_topic_rejects_once_and_not_the_row_itself(
    world: World,
) -> None:
    world.feed("a")
    world.feed("b", attempt=1)
    for _ in range(3):
        with pytest.raises(Died):
            world.sink(DyingLog)
    assert world.rejected() == []
    world.feed("c", attempt=1)
    world.sink()
    assert world.rejected() == [("b", 1, "a"), ("c", 1, "a")]
    assert world.broker.positions[world.at] == 3


def test_a_death_while_all_are_refused_leaves_nothing_behind(world: World) -> None:
    world.feed("a")
    world.sink()
    world.feed("b", attempt=1)
    with pytest.raises(Died):
        world.sink(DyingLog)
    world.sink()
    assert world.rejected() == [("b", 1, "a")]


def test_a_record_that_no_commit_can_read_is_one_dead_letter_whatever_dies(world: World) -> None:
    world.feed("a")
    half = world.feed_half()
    with pytest.raises(Died):
        world.sink(DyingLog)
    assert world.dead_letters() == []
    world.sink()
    world.feed("b", attempt=1)
    world.sink()
    assert [letter.value for letter in world.dead_letters()] == [half]
    assert world.rejected() == [("b", 1, "a")], "the record before it has its row"
