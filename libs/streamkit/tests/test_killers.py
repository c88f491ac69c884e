"""A record that kills the process is found and dead-lettered; no other record is."""

from collections.abc import Collection, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.streamkit import (
    Emit,
    Membership,
    Metrics,
    Runner,
    RunnerSettings,
    Unavailable,
)
from pixelprose.streamkit.killers import ALONE_AFTER, ALONE_SPAN, CONDEMNED_AFTER, Note
from pixelprose.streamkit.log import Committed, Outgoing, TopicPartition
from pixelprose.streamkit.testing import HandClock, HandWorker, MemoryBroker, MemoryLog, TextCodec
from pixelprose.streamkit.workers.inline import Ended

SETTINGS = RunnerSettings(commit_seconds=0.001, unavailable_deadline_seconds=0.0)


class ProcessDied(BaseException):
    """What the operating system does to us; no code of ours may catch it."""


class Deadly:
    """A worker in which some records end the process, and the others are as quick as can be."""

    def __init__(self, killers: Sequence[str]) -> None:
        self.killers = killers
        self.seen: list[str] = []

    def submit(self, record: str, /) -> Ended[str]:
        self.seen.append(record)
        if record in self.killers:
            raise ProcessDied(record)
        return Ended(Emit((record + "!",)), None)

    def close(self) -> None:
        pass


TextRunner = Runner[str, str, Outgoing]


class Scene:
    """A broker that outlives its processes."""

    def __init__(self, *values: str, partitions: int = 1) -> None:
        self.broker = MemoryBroker("in", partitions=partitions)
        self.clock = HandClock()
        for number, value in enumerate(values):
            self.broker.append(value.encode(), partition=number % partitions)

    def process(self, worker: Deadly | HandWorker) -> TextRunner:
        for dead in list(self.broker.members):
            self.broker.expel(dead)
        log = MemoryLog(self.broker)
        runner: TextRunner = Runner(
            log,
            TextCodec(),
            worker,
            SETTINGS,
            service="tests",
            version="1",
            metrics=Metrics(),
            clock=self.clock,
            uniform=lambda: 0.0,
        )
        log.subscribe(runner)
        return runner

    def live(self, killers: Sequence[str], *, turns: int = 60) -> bool:
        """One life of a process; whether it survived."""
        runner = self.process(Deadly(killers))
        try:
            for _ in range(turns):
                self.clock.advance(0.01)
                runner.tick()
        except ProcessDied:
            return False
        return True

    def lives(self, killers: Sequence[str], *, most: int = 60) -> int:
        """Start it again until it survives; how often it died."""
        for deaths in range(most):
            if self.live(killers):
                return deaths
        raise AssertionError("the stream stands still")

    def out(self, topic: str = "out") -> list[str]:
        return sorted(out.value.decode() for out in self.broker.appended[topic])


def test_a_killer_record_becomes_a_dead_letter_and_the_rest_goes_on() -> None:
    scene = Scene("a", "k", "b")
    assert scene.lives(["k"]) == ALONE_AFTER + CONDEMNED_AFTER
    assert scene.out() == ["a!", "b!"]
    [letter] = scene.broker.appended["in.tests.dlq"]
    assert letter.value == b"k"
    assert dict(letter.headers)["dlq_reason"] == b"killer_record"


def test_a_killer_is_found_behind_a_long_transaction_that_was_aborted() -> None:
    scene = Scene()
    for _ in range(ALONE_SPAN):
        scene.broker.mark()
    scene.broker.append(b"k")
    assert scene.lives(["k"]) == ALONE_AFTER + CONDEMNED_AFTER
    assert scene.out("in.tests.dlq") == ["k"]


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(1, 3))
def test_no_other_record_is_condemned(deadly: list[bool], partitions: int) -> None:
    values = [f"{'k' if kills else 'r'}{n}" for n, kills in enumerate(deadly)]
    killers = [v for v in values if v[0] == "k"]
    scene = Scene(*values, partitions=partitions)
    scene.lives(killers, most=6 * len(killers) + 6)
    assert scene.out("in.tests.dlq") == sorted(killers)
    assert scene.out() == sorted(v + "!" for v in values if v[0] == "r")


def test_a_process_killed_from_outside_condemns_nothing_while_records_move_on() -> None:
    scene = Scene()
    for number in range(20):
        scene.broker.append(f"r{number}".encode())
        scene.live([], turns=3)  # and is killed, without a farewell
    assert scene.live([])
    assert scene.out("in.tests.dlq") == []
    assert len(scene.out()) == 20


def test_an_owner_that_ends_in_order_counts_for_nothing() -> None:
    scene = Scene("u")
    for _ in range(2 * (ALONE_AFTER + CONDEMNED_AFTER)):
        worker = HandWorker()
        runner = scene.process(worker)
        worker.begun = lambda record, worker=worker: worker.fail(record, Unavailable("store"))  # type: ignore[misc]
        with pytest.raises(Exception, match="store"):
            runner.run()
    assert scene.lives([]) == 0
    assert scene.out("in.tests.dlq") == []
    assert scene.out() == ["u!"]


def test_after_unclean_ends_one_record_is_in_work_in_the_whole_process() -> None:
    scene = Scene("a0", "b0", "a1", "b1", partitions=2)
    for _ in range(ALONE_AFTER):
        scene.process(HandWorker()).tick()  # begins all, ends none, dies
    worker = HandWorker()
    runner = scene.process(worker)
    for _ in range(5):
        scene.clock.advance(0.01)
        runner.tick()
    assert worker.records == ["a0"]
    worker.finish("a0", Emit(("a0!",)))
    for _ in range(5):
        scene.clock.advance(0.01)
        runner.tick()
    assert len(worker.records) == 2


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 10**9))
def test_a_note_is_read_as_it_was_written(begun: int, tried: int, until: int) -> None:
    note = Note(begun, tried, until)
    assert Note.read(str(note)) == note


@pytest.mark.parametrize("text", ["", "x", "1/2", "1/-2/3", "a/b/c", "1/2/3/4"])
def test_a_note_of_somebody_else_says_nothing(text: str) -> None:
    assert Note.read(text) == Note()


def test_a_slow_record_that_moves_between_owners_is_no_killer() -> None:
    scene = Scene("slow", partitions=2)
    workers = [HandWorker(), HandWorker()]
    runners = []
    for slot, worker in enumerate(workers):
        log = MemoryLog(scene.broker, slot=slot)
        runner: TextRunner = Runner(
            log,
            TextCodec(),
            worker,
            SETTINGS,
            service="tests",
            version="1",
            metrics=Metrics(),
            clock=scene.clock,
        )
        log.subscribe(runner)
        runners.append(runner)
    for first in [1, 0] * 5:
        for runner in runners * 3:
            scene.clock.advance(0.01)
            runner.tick()
        scene.broker.rebalance(first=first)
    assert sum(len(worker.records) for worker in workers) == 10
    assert scene.out("in.tests.dlq") == []


def test_a_record_that_survived_alone_outlives_an_aborted_commit() -> None:
    scene = Scene("a")
    for _ in range(ALONE_AFTER):
        scene.process(HandWorker()).tick()
    runner = scene.process(Deadly([]))
    assert isinstance(runner._log, MemoryLog)
    end = runner._log.commit
    outcomes: list[bool] = []

    def abort_the_first_with_outputs(
        outputs: Sequence[Outgoing],
        letters: Sequence[Outgoing],
        positions: Mapping[TopicPartition, Committed],
    ) -> bool:
        if outputs and not outcomes:
            outcomes.append(False)
            return False
        return end(outputs, letters, positions)

    runner._log.commit = abort_the_first_with_outputs  # type: ignore[method-assign]
    for _ in range(5):
        scene.clock.advance(1)
        runner.tick()
    assert outcomes == [False]
    assert scene.out() == ["a!"]


class Nobody(Membership):
    """A member that does nothing with its partitions."""

    def assigned(self, partitions: Collection[TopicPartition]) -> None: ...

    def revoked(self, partitions: Collection[TopicPartition]) -> None: ...

    def lost(self, partitions: Collection[TopicPartition]) -> None: ...


def test_a_dead_letter_let_go_at_a_rebalance_condemns_nobody_else() -> None:
    scene = Scene("x", "y", "r", partitions=2)
    for _ in range(ALONE_AFTER + CONDEMNED_AFTER - 1):
        assert not scene.live(["x"])
    worker = HandWorker()
    runner = scene.process(worker)
    runner.tick()
    assert worker.records == ["x"]
    worker.fail("x", ValueError("x"))
    runner.tick()
    scene.clock.advance(SETTINGS.dead_letter_hold_seconds + 1)
    MemoryLog(scene.broker, slot=1).subscribe(Nobody())  # the next poll takes a partition away
    for _ in range(10):
        scene.clock.advance(0.01)
        runner.tick()
    [letter] = scene.broker.appended["in.tests.dlq"]
    assert (letter.value, dict(letter.headers)["dlq_reason"]) == (b"x", b"unknown_error")
    assert "r" in worker.records
