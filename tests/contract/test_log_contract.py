"""What every log promises, asked of the one in memory and of a real broker."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import pytest

from pixelprose.streamkit import (
    Committed,
    ExitCode,
    Headers,
    Log,
    Message,
    Outgoing,
    OutputTooLarge,
    Stop,
    TopicPartition,
)
from pixelprose.streamkit.testing import MemoryBroker, MemoryLog

PARTITIONS = 2
LIMIT = 1_000
PATIENCE_SECONDS = 30.0


class Recorder:
    """A membership that remembers, and lets go of a pause as a runner must."""

    def __init__(self) -> None:
        self.ours: set[TopicPartition] = set()
        self.gone: set[TopicPartition] = set()

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        self.ours |= set(partitions)

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        self.ours -= set(partitions)
        self.gone |= set(partitions)

    lost = revoked


class World(Protocol):
    """A topic `in` of two partitions, a group with positions, a topic `out`."""

    def feed(self, *values: bytes, partition: int = 0, headers: Headers = ()) -> None: ...
    def open(self, slot: int = 0) -> Log[Outgoing]: ...
    def appended(self, topic: str, count: int) -> Sequence[Outgoing]: ...
    def position(self, partition: int) -> int: ...
    def end(self, partition: int) -> int: ...
    def forget_position(self, partition: int) -> None: ...
    def expire(self, partition: int, before: int) -> None: ...
    def hide(self, value: bytes) -> None: ...
    def show(self) -> None: ...


class MemoryWorld:
    def __init__(self) -> None:
        self.broker = MemoryBroker("in", partitions=PARTITIONS, max_bytes=LIMIT)

    def feed(self, *values: bytes, partition: int = 0, headers: Headers = ()) -> None:
        for value in values:
            self.broker.append(value, partition=partition, key=b"key", headers=headers)
        self.broker.mark(partition)

    def open(self, slot: int = 0) -> Log[Outgoing]:
        return MemoryLog(self.broker, slot=slot)

    def appended(self, topic: str, count: int) -> Sequence[Outgoing]:
        assert len(self.broker.appended[topic]) == count
        return self.broker.appended[topic]

    def position(self, partition: int) -> int:
        return self.broker.positions[self.broker.lanes[partition]]

    def end(self, partition: int) -> int:
        return len(self.broker.records[self.broker.lanes[partition]])

    def forget_position(self, partition: int) -> None:
        del self.broker.positions[self.broker.lanes[partition]]

    def expire(self, partition: int, before: int) -> None:
        self.broker.expire(partition, before)

    def hide(self, value: bytes) -> None:
        self.broker.hide()
        self.broker.append(value, key=b"key")

    def show(self) -> None:
        self.broker.show()


def until(log: Log[Outgoing], holds: Callable[[], bool]) -> list[Message]:
    """Poll until something holds; return what came."""
    found = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        if (message := log.poll(0.05)) is not None:
            found.append(message)
    return found


def until_both(one: Log[Outgoing], other: Log[Outgoing], holds: Callable[[], bool]) -> None:
    """Poll both until something holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        one.poll(0.05)
        other.poll(0.05)


def read(log: Log[Outgoing], count: int) -> list[Message]:
    found: list[Message] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} messages came"
        if (message := log.poll(0.05)) is not None:
            found.append(message)
    return found


def silence(log: Log[Outgoing]) -> None:
    assert [log.poll(0.05) for _ in range(8)] == [None] * 8


def joined(log: Log[Outgoing]) -> Recorder:
    recorder = Recorder()
    log.probe()
    log.subscribe(recorder)
    return recorder


def lane(partition: int) -> TopicPartition:
    return TopicPartition("in", partition)


class LogContract:
    def test_messages_come_whole_and_in_order(self, world: World) -> None:
        headers = (("kind", b"a"), ("kind", b"b"))
        world.feed(b"1", b"2", b"3", headers=headers)
        log = world.open()
        recorder = joined(log)
        found = read(log, 3)
        assert [(m.value, m.offset) for m in found] == [(b"1", 0), (b"2", 1), (b"3", 2)]
        assert {(m.at, m.key, m.headers) for m in found} == {(lane(0), b"key", headers)}
        assert all(m.timestamp.tzinfo is not None for m in found)
        assert recorder.ours == {lane(0), lane(1)}

    def test_outputs_dead_letters_and_positions_move_together(self, world: World) -> None:
        world.feed(b"1", b"2")
        log = world.open()
        joined(log)
        read(log, 2)
        headers = (("why", b"x"), ("why", b"y"))
        output, letter = Outgoing("out", b"k", b"1!", headers), Outgoing("dead", None, b"2")
        assert log.commit([output], [letter], {lane(0): Committed(2)})
        assert world.position(0) == 2
        assert world.appended("out", 1) == [output]
        assert world.appended("dead", 1) == [letter]

    def test_what_was_not_committed_comes_again(self, world: World) -> None:
        world.feed(b"1", b"2", b"3")
        log = world.open()
        joined(log)
        read(log, 3)
        assert log.commit([], [], {lane(0): Committed(1)})
        log.close()
        after = world.open()
        joined(after)
        assert [m.value for m in read(after, 2)] == [b"2", b"3"]

    def test_a_note_of_a_commit_is_there_for_the_next_owner(self, world: World) -> None:
        world.feed(b"1", b"2")
        log = world.open()
        joined(log)
        read(log, 2)
        assert log.committed([lane(0)]) == {lane(0): Committed(0)}
        assert log.commit([], [], {lane(0): Committed(0, "begun")})
        assert log.commit([], [], {lane(0): Committed(1, "moved")})
        log.close()
        after = world.open()
        joined(after)
        read(after, 1)
        assert after.committed([lane(0)]) == {lane(0): Committed(1, "moved")}

    def test_a_paused_partition_is_silent_and_the_other_goes_on(self, world: World) -> None:
        log = world.open()
        recorder = joined(log)
        until(log, lambda: len(recorder.ours) == PARTITIONS)
        world.feed(b"a1", b"a2", b"a3", partition=0)
        first = read(log, 1)
        log.pause([lane(0)])
        world.feed(b"b1", b"b2", partition=1)
        assert [m.value for m in read(log, 2)] == [b"b1", b"b2"]
        silence(log)
        log.resume([lane(0)])
        assert [m.value for m in (*first, *read(log, 2))] == [b"a1", b"a2", b"a3"]

    def test_the_idle_position_is_past_the_markers(self, world: World) -> None:
        world.feed(b"1")
        log = world.open()
        joined(log)
        assert log.idle_positions([lane(0), lane(1)]) == {}
        read(log, 1)
        until(log, lambda: log.idle_positions([lane(0)])[lane(0)] == world.end(0))
        assert log.idle_positions([lane(0), lane(1)]) == {lane(0): 2}
        assert log.commit([], [], {lane(0): Committed(2)})
        world.feed(b"2")
        assert [m.value for m in read(log, 1)] == [b"2"]

    def test_too_large_an_output_commits_nothing_and_is_named(self, world: World) -> None:
        world.feed(b"1")
        log = world.open()
        joined(log)
        read(log, 1)
        fits, too_large = Outgoing("out", None, b"1"), Outgoing("out", None, b"1" * (LIMIT + 1))
        with pytest.raises(OutputTooLarge) as refused:
            log.commit([fits, too_large], [], {lane(0): Committed(1)})
        assert refused.value.outputs == {1}
        assert world.position(0) == 0
        assert log.commit([fits], [], {lane(0): Committed(1)})
        world.appended("out", 1)

    def test_a_dead_letter_may_be_larger_than_an_output(self, world: World) -> None:
        world.feed(b"1")
        log = world.open()
        joined(log)
        read(log, 1)
        letter = Outgoing("dead", None, b"1" * (LIMIT + 500))
        assert log.commit([], [letter], {lane(0): Committed(1)})
        world.appended("dead", 1)

    def test_a_missing_position_is_never_guessed(self, world: World) -> None:
        world.feed(b"1")
        world.forget_position(0)
        log = world.open()
        joined(log)
        with pytest.raises(Stop) as stop:
            read(log, 1)
        assert stop.value.code is ExitCode.POSITION_LOST

    def test_an_expired_position_is_never_moved(self, world: World) -> None:
        world.feed(b"1", b"2", b"3")
        world.expire(0, before=2)
        log = world.open()
        joined(log)
        with pytest.raises(Stop) as stop:
            read(log, 1)
        assert stop.value.code is ExitCode.POSITION_LOST

    def test_the_older_of_two_with_one_identity_is_fenced(self, world: World) -> None:
        world.feed(b"1")
        older = world.open()
        joined(older)
        read(older, 1)
        joined(world.open())
        with pytest.raises(Stop) as stop:
            older.commit([Outgoing("out", None, b"1")], [], {lane(0): Committed(1)})
        assert stop.value.code is ExitCode.FENCED
        world.appended("out", 0)

    def test_a_note_committed_while_a_partition_is_given_up_reaches_its_next_owner(
        self, world: World
    ) -> None:
        first = world.open(0)
        leaver = Recorder()
        given_up: dict[TopicPartition, bool] = {}

        def take_leave(partitions: Collection[TopicPartition]) -> None:
            for at in partitions:
                given_up[at] = first.commit([], [], {at: Committed(0, "left in order")})
            leaver.ours -= set(partitions)

        leaver.revoked = take_leave  # type: ignore[method-assign]
        first.probe()
        first.subscribe(leaver)
        until(first, lambda: len(leaver.ours) == PARTITIONS)
        second = world.open(1)
        joiner = joined(second)
        until_both(first, second, lambda: bool(leaver.ours and joiner.ours))
        [moved] = joiner.ours
        assert given_up == {moved: True}
        assert second.committed([moved]) == {moved: Committed(0, "left in order")}
        assert first.commit([], [], {next(iter(leaver.ours)): Committed(0)})

    def test_what_lies_behind_an_open_transaction_is_not_read(self, world: World) -> None:
        log = world.open()
        recorder = joined(log)
        until(log, lambda: len(recorder.ours) == PARTITIONS)
        world.feed(b"1")
        world.hide(b"2")
        assert [m.value for m in read(log, 1)] == [b"1"]
        silence(log)
        world.show()
        assert [m.value for m in read(log, 1)] == [b"2"]

    def test_closing_gives_the_partitions_back(self, world: World) -> None:
        log = world.open()
        recorder = joined(log)
        until(log, lambda: len(recorder.ours) == PARTITIONS)
        log.close()
        assert recorder.ours == set()
        assert recorder.gone == {lane(0), lane(1)}


class TestMemoryLog(LogContract):
    @pytest.fixture
    def world(self) -> MemoryWorld:
        return MemoryWorld()

    def test_a_commit_of_who_was_expelled_is_aborted_and_nothing_of_it_is_seen(
        self, world: MemoryWorld
    ) -> None:
        world.feed(b"1")
        log = world.open()
        joined(log)
        read(log, 1)
        assert isinstance(log, MemoryLog)
        world.broker.expel(log)
        assert not log.commit([Outgoing("out", None, b"1!")], [], {lane(0): Committed(1)})
        world.appended("out", 0)
        assert world.position(0) == 0


@pytest.mark.real
class TestKafkaLog(LogContract):
    @pytest.fixture
    def world(self, kafka_world: World) -> World:
        return kafka_world
