"""The loop over a log in memory, turn by turn."""

import itertools
from collections.abc import Callable, Collection

import pytest

from pixelprose.streamkit import (
    DeadLetter,
    Emit,
    ExitCode,
    Inline,
    Metrics,
    Outcome,
    Reject,
    Runner,
    RunnerSettings,
    Skip,
    Stop,
    TopicPartition,
    Unavailable,
    Worker,
)
from pixelprose.streamkit.log import Message, Outgoing
from pixelprose.streamkit.testing import HandClock, HandWorker, MemoryBroker, MemoryLog, TextCodec
from pixelprose.streamkit.workers.inline import Ended

TextRunner = Runner[str, str, Outgoing]
ALL_AT_ONCE = RunnerSettings(commit_seconds=0.001)


def step(record: str) -> Outcome[str]:
    match record[0]:
        case "r":
            return Reject("asked", also=(record + "+",))
        case "s":
            return Skip("done")
        case "d":
            return DeadLetter("broken", "no use")
        case "x":
            raise ValueError(record)
        case _:
            return Emit((record + "!",))


class Scene:
    """A broker, one process on it, and a clock."""

    def __init__(
        self,
        worker: Worker[str, str] | None = None,
        *,
        settings: RunnerSettings = ALL_AT_ONCE,
        partitions: int = 1,
        pace: float = 0.0,
        codec: TextCodec | None = None,
    ) -> None:
        self.codec = codec or TextCodec()
        self.broker = MemoryBroker("in", partitions=partitions)
        self.clock = HandClock(step=pace)
        self.settings = settings
        self.metrics = Metrics()
        self.restart(worker or Inline(step))

    def restart(self, worker: Worker[str, str], log: MemoryLog | None = None) -> None:
        """Another process takes the first one's place."""
        self.joined = False
        for dead in list(self.broker.members):
            self.broker.expel(dead)
        self.log = log or MemoryLog(self.broker)
        self.runner: TextRunner = Runner(
            self.log,
            self.codec,
            worker,
            self.settings,
            service="tests",
            version="1.2.3",
            metrics=self.metrics,
            clock=self.clock,
            uniform=lambda: 0.0,
        )

    def feed(self, *values: str, partition: int = 0) -> None:
        for value in values:
            self.broker.append(value.encode(), partition=partition, key=b"key")

    def run(self) -> Stop:
        """Run the loop until it stops by itself."""
        with pytest.raises(Stop) as stop:
            self.runner.run()
        return stop.value

    def turn(self, times: int = 3, *, seconds: float = 0.01) -> None:
        """Turn the loop by hand, time passing before each turn."""
        if not self.joined:
            self.joined = True
            self.log.subscribe(self.runner)
        for _ in range(times):
            self.clock.advance(seconds)
            self.runner.tick()

    def out(self, topic: str = "out") -> list[str]:
        return [out.value.decode(errors="replace") for out in self.broker.appended[topic]]

    def position(self, partition: int = 0) -> int:
        return self.broker.positions[self.broker.lanes[partition]]

    def metric(self, line: str) -> bool:
        return line in self.metrics.exposition().decode().splitlines()


def lane(partition: int) -> TopicPartition:
    return TopicPartition("in", partition)


def test_each_outcome_goes_where_it_says() -> None:
    scene = Scene()
    scene.feed("a", "r1", "s1", "d1", "x1", "b")
    scene.broker.append(b"\xff")
    scene.turn()
    assert scene.out() == ["a!", "r1+", "b!"]
    assert scene.out("rejected") == ["asked:r1"]
    assert scene.out("in.tests.dlq") == ["d1", "x1", "\ufffd"]
    assert scene.position() == 7
    assert scene.metric('pixelprose_records_total{outcome="emitted",service="tests"} 2.0')
    assert scene.metric(
        'pixelprose_reasons_total{outcome="rejected",reason="asked",service="tests"} 1.0'
    )


def test_a_dead_letter_says_where_it_was_why_and_who_said_so() -> None:
    scene = Scene()
    scene.broker.append(b"x", key=b"k", headers=(("a", b"1"), ("a", b"2")))
    scene.feed("good")
    scene.turn()
    [letter] = scene.broker.appended["in.tests.dlq"]
    assert (letter.key, letter.value) == (b"k", b"x")
    assert letter.headers[:2] == (("a", b"1"), ("a", b"2"))
    ours = dict(letter.headers[2:])
    assert ours.pop("dlq_at").startswith(b"20")
    assert ours == {
        "dlq_topic": b"in",
        "dlq_partition": b"0",
        "dlq_offset": b"0",
        "dlq_reason": b"unknown_error",
        "dlq_error_class": b"ValueError",
        "dlq_error_text": b"x",
        "dlq_service": b"tests",
        "dlq_service_version": b"1.2.3",
    }


def test_a_slow_record_holds_its_own_partition_and_no_other() -> None:
    worker = HandWorker()
    scene = Scene(worker, partitions=2)
    scene.feed("slow", "a")
    scene.feed("b", "c", partition=1)
    scene.turn()
    for record in "abc":
        worker.finish(record, Emit((record,)))
    scene.turn()
    assert scene.out() == ["b", "c"]
    assert (scene.position(0), scene.position(1)) == (0, 2)
    worker.finish("slow", Emit(("slow",)))
    scene.turn()
    assert scene.out() == ["b", "c", "slow", "a"]


def test_a_full_partition_pauses_and_the_other_goes_on() -> None:
    worker = HandWorker()
    settings = RunnerSettings(max_in_flight_per_partition=2, commit_seconds=0.001)
    scene = Scene(worker, settings=settings, partitions=2)
    scene.feed("a1", "a2", "a3", "a4")
    scene.turn()
    scene.feed("b1", partition=1)
    scene.turn()
    assert worker.records == ["a1", "a2", "b1"]
    worker.finish("a1", Skip("done"))
    scene.turn()
    assert worker.records == ["a1", "a2", "b1", "a3"]


@pytest.mark.parametrize(
    "settings",
    [
        RunnerSettings(max_in_flight=2, commit_seconds=0.001),
        RunnerSettings(max_in_flight_bytes=8, commit_seconds=0.001),
    ],
)
def test_what_is_in_flight_is_bounded_in_all(settings: RunnerSettings) -> None:
    worker = HandWorker()
    scene = Scene(worker, settings=settings, partitions=3)
    for partition in range(3):
        scene.feed(str(partition), "x", partition=partition)
    scene.turn(9)
    assert len(worker.records) == 2
    for record in worker.records:
        worker.finish(record, Skip("done"))
    scene.turn(9)
    assert len(worker.records) == 4


def test_commits_go_by_time() -> None:
    scene = Scene(settings=RunnerSettings(commit_seconds=0.2))
    scene.feed("a")
    scene.turn(2, seconds=0.05)
    assert scene.out() == []
    scene.turn(2, seconds=0.05)
    assert scene.out() == ["a!"]


def test_many_finished_records_do_not_wait_for_the_time() -> None:
    scene = Scene(settings=RunnerSettings(commit_seconds=60, max_in_flight=10))
    scene.feed(*"abcef")
    scene.turn(2)
    assert len(scene.out()) == 5


def test_an_aborted_commit_is_made_again_with_the_same_work() -> None:
    scene = Scene()
    scene.log.aborts = 2
    scene.feed("a", "b")
    scene.turn(1)
    assert scene.out() == []
    scene.turn(9)
    assert scene.out() == ["a!", "b!"]
    assert scene.metric('pixelprose_commits_total{result="aborted",service="tests"} 2.0')


@pytest.mark.parametrize(
    "end",
    [lambda scene: scene.broker.withdraw([lane(0)]), lambda scene: scene.broker.expel(scene.log)],
    ids=["revoked", "lost"],
)
def test_work_of_partitions_that_are_gone_is_dropped(end: Callable[[Scene], None]) -> None:
    worker = HandWorker()
    scene = Scene(worker, partitions=2)
    scene.feed("slow", "done")
    scene.feed("other", partition=1)
    scene.turn()
    worker.finish("done", Emit(("done",)))
    end(scene)
    scene.turn()
    assert worker.futures[worker.records.index("slow")].cancelled()
    worker.finish("other", Emit(("other",)))
    scene.turn()
    assert scene.out() == ["other"]
    assert scene.position(0) == 0


def test_finished_work_of_a_revoked_partition_is_never_committed() -> None:
    scene = Scene(settings=RunnerSettings(commit_seconds=1))
    scene.feed("a")
    scene.turn(2)
    scene.broker.withdraw([lane(0)])
    scene.turn(9, seconds=1)
    assert scene.out() == []


def test_a_record_that_is_gone_is_not_tried_again() -> None:
    tries: list[str] = []

    def never(record: str) -> Outcome[str]:
        tries.append(record)
        raise Unavailable("store")

    scene = Scene(Inline(never))
    scene.feed("a")
    scene.turn()
    scene.broker.withdraw([lane(0)])
    scene.turn(9, seconds=10)
    assert tries == ["a"]


def test_a_failure_of_a_record_that_is_gone_counts_for_nothing() -> None:
    worker = HandWorker()
    scene = Scene(worker, settings=RunnerSettings(fuse_in_a_row=1))
    scene.feed("a")
    scene.turn()
    [(_, window)] = scene.runner._windows.items()
    scene.broker.withdraw([lane(0)])
    window.waiting[0].future = Ended(None, ValueError("late"))
    scene.turn(1)
    scene.runner._trials._done.append(window.waiting[0])
    scene.turn()
    assert scene.metric('pixelprose_held_dead_letters{service="tests"} 0.0')


def test_a_partition_that_comes_back_is_not_silent() -> None:
    worker = HandWorker()
    settings = RunnerSettings(max_in_flight_per_partition=1, commit_seconds=0.001)
    scene = Scene(worker, settings=settings)
    scene.feed("a", "b")
    scene.turn()
    scene.broker.withdraw([lane(0)])
    scene.turn()
    scene.broker.give(scene.log, [lane(0)])
    scene.turn()
    assert worker.records == ["a", "a"]


def test_an_idle_partition_commits_its_position_past_the_markers_once() -> None:
    scene = Scene()
    scene.feed("a")
    scene.turn()
    scene.broker.mark()
    scene.turn()
    assert scene.position() == 2
    assert scene.metric('pixelprose_commits_total{result="committed",service="tests"} 2.0')
    scene.turn(9)
    assert scene.metric('pixelprose_commits_total{result="committed",service="tests"} 2.0')


def test_a_busy_partition_does_not_commit_its_idle_position() -> None:
    worker = HandWorker()
    scene = Scene(worker)
    scene.feed("a")
    scene.broker.mark()
    scene.turn()
    assert scene.position() == 0


def test_too_large_an_output_is_this_records_dead_letter() -> None:
    scene = Scene(Inline(lambda record: Emit((record * 400,) if record == "big" else (record,))))
    scene.feed("a", "big", "b")
    scene.turn(9)
    assert scene.out() == ["a", "b"]
    assert scene.out("in.tests.dlq") == ["big"]
    [letter] = scene.broker.appended["in.tests.dlq"]
    assert dict(letter.headers)["dlq_reason"] == b"output_too_large"
    assert scene.position() == 3


def test_an_unavailable_dependency_is_asked_again_inside_the_record() -> None:
    failures = iter([Unavailable("store"), Unavailable("store"), None])

    def patient(record: str) -> Outcome[str]:
        if error := next(failures):
            raise error
        return Emit((record,))

    scene = Scene(Inline(patient))
    scene.feed("a")
    scene.turn(20, seconds=0.1)
    assert scene.out() == ["a"]
    assert scene.metric('pixelprose_retries_total{dependency="store",service="tests"} 2.0')


def test_a_failed_try_waits_longer_each_time() -> None:
    times: list[float] = []

    def never(record: str) -> Outcome[str]:
        times.append(round(scene.clock.seconds, 2))
        raise Unavailable(record)

    scene = Scene(Inline(never))
    scene.feed("a")
    scene.turn(200, seconds=0.01)
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8], abs=0.03)


def test_at_the_deadline_the_process_stops_and_keeps_what_is_finished() -> None:
    scene = Scene(Inline(refusing("b")), settings=RunnerSettings(commit_seconds=9), pace=0.01)
    scene.feed("a", "b", "c")
    # c is served later than b was tried first, but before b's last try: the outage is everybody's.
    assert scene.run().code is ExitCode.UNAVAILABLE
    assert scene.out() == ["a"]
    assert scene.position() == 1


class SchemalessCodec(TextCodec):
    """Its registry is away when it reads a `b`."""

    def decode(self, message: Message) -> str:
        if message.value == b"b":
            raise Unavailable("registry")
        return super().decode(message)


def test_a_record_whose_schema_cannot_be_asked_for_is_no_dead_letter() -> None:
    scene = Scene(codec=SchemalessCodec())
    scene.feed("b")
    assert scene.run().code is ExitCode.UNAVAILABLE
    assert dead_reasons(scene) == []
    assert scene.position() == 0


def test_a_record_that_fails_while_others_are_served_is_a_dead_letter() -> None:
    scene = Scene(Inline(refusing("b")), settings=RunnerSettings(commit_seconds=0.001))
    scene.feed("b")
    for _ in range(70):
        scene.turn(1, seconds=1)
        scene.feed("a")
    assert dead_reasons(scene) == [b"unavailable"]


def test_a_dead_letter_of_an_unknown_error_waits_for_a_later_success() -> None:
    scene = Scene(partitions=2)
    scene.feed("a", "x", "x")
    scene.turn(9)
    assert scene.out() == ["a!"]
    assert scene.out("in.tests.dlq") == []
    assert scene.position() == 1
    assert scene.metric('pixelprose_held_dead_letters{service="tests"} 2.0')
    scene.feed("b", partition=1)
    scene.turn()
    assert scene.out("in.tests.dlq") == ["x", "x"]
    assert scene.position() == 3


def test_restarts_of_a_broken_service_bleed_no_dead_letters() -> None:
    scene = Scene(Inline(broken))
    scene.feed("a", "b")
    for _ in range(5):
        scene.turn()
        scene.restart(Inline(broken))
    assert scene.out("in.tests.dlq") == []
    scene.restart(Inline(step))
    scene.turn()
    assert scene.out() == ["a!", "b!"]


def test_a_lonely_dead_letter_goes_out_after_the_hold() -> None:
    scene = Scene(settings=RunnerSettings(commit_seconds=0.001, dead_letter_hold_seconds=5))
    scene.feed("x")
    scene.turn(2, seconds=2)
    assert scene.out("in.tests.dlq") == []
    scene.turn(2, seconds=2)
    assert scene.out("in.tests.dlq") == ["x"]


def test_undecodable_bytes_do_not_wait() -> None:
    scene = Scene()
    scene.broker.append(b"\xff")
    scene.turn()
    assert dead_reasons(scene) == [b"undecodable"]


def test_too_many_dead_letters_in_a_row_stop_the_service_and_keep_what_is_good() -> None:
    scene = Scene(settings=RunnerSettings(fuse_in_a_row=3, commit_seconds=9), pace=0.01)
    scene.feed("a", "x", "x", "x", "b")
    stop = scene.run()
    assert stop.code is ExitCode.FUSE_BLOWN
    assert "3 dead letters in a row" in str(stop)
    assert (scene.out(), scene.out("in.tests.dlq")) == (["a!"], [])


def test_a_drain_finishes_what_is_in_flight_and_takes_nothing_new() -> None:
    def stopping(record: str) -> Outcome[str]:
        if record == "stop":
            scene.runner.stop()
            scene.feed("new")
        return step(record)

    scene = Scene(
        Inline(stopping),
        settings=RunnerSettings(commit_seconds=9, max_in_flight_per_partition=2),
        pace=0.01,
    )
    scene.feed("a", "stop")
    scene.runner.run()
    assert scene.out() == ["a!"]
    assert scene.position() == 2
    assert not scene.runner.ready


def test_a_drain_waits_for_what_is_in_flight() -> None:
    worker = HandWorker()
    scene = Scene(worker, pace=0.01)

    class Late(MemoryLog):
        def pause(self, partitions: Collection[TopicPartition]) -> None:
            super().pause(partitions)
            worker.finish("a", Emit(("late",)))

    worker.begun = lambda _: scene.runner.stop()
    scene.restart(worker, Late(scene.broker))
    scene.feed("a")
    scene.runner.run()
    assert (scene.out(), scene.position()) == (["late"], 1)


def test_a_drain_that_takes_too_long_leaves_the_rest_to_the_next_process() -> None:
    worker = HandWorker()
    scene = Scene(worker, settings=RunnerSettings(drain_seconds=1), pace=0.01)
    scene.feed("a", "b")
    worker.begun = lambda record: (
        worker.finish("a", Emit(("a",))) if record == "a" else scene.runner.stop()
    )
    stop = scene.run()
    assert stop.code is ExitCode.DRAIN_TIMED_OUT
    assert (scene.out(), scene.position()) == (["a"], 1)
    assert worker.closed


def test_a_fenced_process_commits_nothing_more() -> None:
    scene = Scene()
    scene.feed("a")
    scene.turn(1)
    MemoryLog(scene.broker).subscribe(scene.runner)
    scene.feed("b")
    with pytest.raises(Stop) as stop:
        scene.turn()
    assert stop.value.code is ExitCode.FENCED
    assert scene.out() == ["a!"]


def test_a_log_that_gives_up_is_not_asked_to_commit_again() -> None:
    scene = Scene(settings=RunnerSettings(commit_seconds=0.05), pace=0.01)
    commits: list[int] = []

    class Down(MemoryLog):
        def commit(self, *_: object) -> bool:
            commits.append(1)
            raise Stop(ExitCode.UNAVAILABLE, "Kafka does not answer")

    scene.restart(Inline(step), Down(scene.broker))
    scene.feed("a")
    assert scene.run().code is ExitCode.UNAVAILABLE
    assert len(commits) == 1


def test_a_message_that_is_not_due_stops_the_process() -> None:
    scene = Scene()
    scene.feed("a", "b")
    scene.turn()
    scene.log._next[lane(0)] = 0
    with pytest.raises(Stop) as stop:
        scene.turn()
    assert stop.value.code is ExitCode.CLIENT_BROKEN


def broken(record: str) -> Outcome[str]:
    raise RuntimeError(record)


def refusing(refused: str) -> Callable[[str], Outcome[str]]:
    def refuse(record: str) -> Outcome[str]:
        if record == refused:
            raise Unavailable("vllm")
        return Emit((record,))

    return refuse


def dead_reasons(scene: Scene) -> list[bytes]:
    letters = scene.broker.appended["in.tests.dlq"]
    return [dict(letter.headers)["dlq_reason"] for letter in letters]
