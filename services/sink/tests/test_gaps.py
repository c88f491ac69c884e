"""Records that were lost before they were read: the sink stops and says which."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

import pytest
from msgspec import Struct

from pixelprose.sink.gaps import Gaps
from pixelprose.sink.guarded import GuardedTable
from pixelprose.sink.reading import as_they_are
from pixelprose.sink.row import Row
from pixelprose.sink.table_log import TableLog, accept
from pixelprose.sink.testing import MemoryTable
from pixelprose.streamkit import (
    Emit,
    ExitCode,
    Inline,
    Message,
    Metrics,
    Runner,
    RunnerSettings,
    Stop,
    TopicPartition,
    Unavailable,
)
from pixelprose.streamkit.testing import MemoryBroker, MemoryLog


class Text(Struct, frozen=True):
    ingest_date: date
    text: str


class TextRows:
    """Every message is a row."""

    def decode(self, message: Message) -> Text:
        return Text(message.timestamp.date(), message.value.decode())

    def encode(self, record: Text, cause: Message) -> Row:
        return Row(cause.at, cause.offset, record)

    def reject(self, *_: object) -> Row:
        raise AssertionError


class World:
    """A broker and a table that outlive the sinks."""

    def __init__(self) -> None:
        self.broker = MemoryBroker("things", partitions=2)
        self.table = MemoryTable()
        self.away = False

    def beginnings(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        if self.away:
            raise Unavailable("kafka", "away")
        return {at: self.broker.firsts[at] for at in partitions}

    def holds(self, at: TopicPartition, first: int, end: int) -> bool:
        assert first >= self.broker.firsts[at], "what expired can't be asked for"
        return any(message is not None for message in self.broker.records[at][first:end])

    def sink(self, **changed: Any) -> Runner[Any, Any, Any]:  # noqa: ANN401 - passed on
        apps = {at: f"cluster/topic/{at.partition}" for at in self.broker.lanes}
        guarded = GuardedTable(self.table, apps)
        log = TableLog(
            MemoryLog(self.broker),
            guarded,
            reading=as_they_are,
            deadline_seconds=0.0,
            gaps=Gaps(guarded, self),
            **changed,
        )
        return Runner(
            log,
            TextRows(),
            Inline(lambda text: Emit((text,))),
            RunnerSettings(commit_seconds=0.001),
            service="sink",
            version="1",
            metrics=Metrics(),
        )

    def run(self, **changed: Any) -> None:  # noqa: ANN401 - passed on
        runner = self.sink(**changed)
        ticks = iter(range(20))
        tick = runner.tick

        def bounded(timeout_seconds: float = 0.0) -> None:
            if next(ticks, None) is None:
                runner.stop()
            tick(timeout_seconds)

        runner.tick = bounded  # type: ignore[method-assign]
        runner.run()

    def texts(self) -> list[str]:
        return sorted(row.values.text for row in self.table.rows if isinstance(row.values, Text))

    def feed(self, *texts: str) -> None:
        for text in texts:
            self.broker.append(text.encode())


@pytest.fixture
def world() -> World:
    world = World()
    world.feed("a", "b", "c")
    return world


def lane(world: World) -> TopicPartition:
    return world.broker.lanes[0]


def stopped(run: Callable[[], None]) -> Stop:
    with pytest.raises(Stop) as caught:
        run()
    return caught.value


def test_what_expired_before_it_was_read_is_named(world: World) -> None:
    world.run()
    world.feed("d", "e", "f")
    world.broker.expire(0, before=5)
    stop = stopped(world.run)
    assert stop.code is ExitCode.RECORDS_LOST
    assert "things/0 3 to 4" in str(stop)
    assert world.texts() == ["a", "b", "c"]


def test_a_group_that_was_put_past_unread_records_stops(world: World) -> None:
    world.run()
    world.feed("d", "e", "f")
    world.broker.positions[lane(world)], world.broker.notes[lane(world)] = 5, ""
    stop = stopped(world.run)
    assert stop.code is ExitCode.RECORDS_LOST
    assert "things/0 3 to 4" in str(stop)
    assert world.texts() == ["a", "b", "c"]
    assert world.broker.positions[lane(world)] == 5, "nothing was committed"


def test_a_gap_can_be_accepted_by_a_person(world: World) -> None:
    world.run()
    world.feed("d", "e", "f")
    world.broker.positions[lane(world)], world.broker.notes[lane(world)] = 5, ""
    world.run(on_gaps=accept)
    assert world.texts() == ["a", "b", "c", "f"]
    world.run()


def test_a_first_start_misses_nothing(world: World) -> None:
    world.broker.expire(0, before=1)
    world.broker.positions[lane(world)] = 1
    world.run()
    assert world.texts() == ["b", "c"]


def test_a_group_that_begins_again_repeats_nothing_and_is_no_gap(world: World) -> None:
    world.run()
    world.broker.positions[lane(world)], world.broker.notes[lane(world)] = 0, ""
    world.run()
    assert world.texts() == ["a", "b", "c"]


def test_markers_and_skipped_records_behind_the_last_row_are_no_gap(world: World) -> None:
    world.run()
    for _ in range(3):
        world.broker.mark()
    world.run()
    world.broker.expire(0, before=6)
    world.run()
    world.feed("d")
    world.run()
    assert world.texts() == ["a", "b", "c", "d"]


def test_a_group_put_back_by_hand_behind_markers_goes_on(world: World) -> None:
    world.run()
    world.broker.mark()
    world.broker.positions[lane(world)], world.broker.notes[lane(world)] = 4, ""
    world.feed("d")
    world.run()
    assert world.texts() == ["a", "b", "c", "d"]


def test_nothing_is_committed_while_nobody_can_say_whether_there_is_a_gap(world: World) -> None:
    world.away = True
    assert stopped(world.run).code is ExitCode.UNAVAILABLE
    assert world.table.rows == []
    assert world.broker.positions[lane(world)] == 0


def test_a_position_that_is_lost_without_a_gap_stops_as_before(world: World) -> None:
    world.broker.positions[lane(world)] = -1
    assert stopped(world.run).code is ExitCode.POSITION_LOST
