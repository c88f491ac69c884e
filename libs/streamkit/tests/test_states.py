"""Each state that the loop can be in, and the metric that shows it."""

import re
from datetime import datetime, timedelta

from pixelprose.streamkit import (
    Emit,
    Later,
    Metrics,
    Retries,
    Runner,
    RunnerSettings,
    Skip,
    Tier,
    Unavailable,
)
from pixelprose.streamkit.log import Outgoing
from pixelprose.streamkit.metrics.names import RUNNER_METRICS, STALLED, UNREAD
from pixelprose.streamkit.testing import HandClock, HandWorker, MemoryBroker, MemoryLog, TextCodec
from pixelprose.streamkit.testing.memory_broker import EPOCH

RETRY = "in.tests.retry.10s"
SETTINGS = RunnerSettings(commit_seconds=0.1, max_in_flight_per_partition=2)


class Scene:
    """One process on two partitions and two of a retry topic; one clock for it and the broker."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.broker = MemoryBroker("in", partitions=2, retries=[RETRY], now=self.now)
        self.metrics = Metrics()
        self.ever: set[str] = set()
        self.behind = False
        self.start()

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.clock.seconds)

    def start(self) -> None:
        self.worker, self.log = HandWorker(), MemoryLog(self.broker)
        self.runner: Runner[str, str, Outgoing] = Runner(
            self.log,
            TextCodec(),
            self.worker,
            SETTINGS,
            service="tests",
            version="1",
            metrics=self.metrics,
            retries=Retries((Tier(RETRY, 10.0),)),
            held_back=lambda: self.behind,
            clock=self.clock,
            now=self.now,
            uniform=lambda: 0.5,
        )
        self.log.subscribe(self.runner)

    def turn(self, times: int = 3, *, seconds: float = 0.2) -> None:
        for _ in range(times):
            self.clock.advance(seconds)
            self.runner.tick()
        self.ever |= {name for name, value in self.all().items() if value}

    def all(self) -> dict[str, float]:
        """Every sample without its other labels, by name; the last one counts."""
        text = self.metrics.exposition().decode()
        found = re.findall(r'^(pixelprose_\w+)\{[^}]*service="tests"[^}]*\} (\S+)$', text, re.M)
        return {name: float(value) for name, value in found}

    def shown(self, name: str) -> float:
        return self.all()[f"pixelprose_{name}"]


def test_what_is_in_flight_and_what_is_full_is_shown() -> None:
    scene = Scene()
    for value in (b"a1", b"a2", b"a3"):
        scene.broker.append(value, key=b"key")
    scene.turn(2, seconds=2.0)
    assert scene.shown("assigned_partitions") == 4
    assert scene.shown("in_flight_records") == 2
    assert scene.shown("in_flight_bytes") == 2 * len(b"a1key")
    assert scene.shown("paused_partitions") == 1
    assert scene.shown("oldest_record_age_seconds") == 4.0
    for record in ("a1", "a2"):
        scene.worker.finish(record, Skip("done"))
    scene.turn(4)
    assert scene.shown("in_flight_records") == 1
    assert scene.shown("paused_partitions") == 0


def test_nothing_new_is_read_while_readers_of_our_outputs_are_behind() -> None:
    scene = Scene()
    scene.turn(1)
    scene.behind = True
    scene.turn(1)
    assert scene.shown("held_back") == 1
    assert scene.shown("paused_partitions") == 4
    scene.broker.append(b"a")
    scene.turn(9)
    assert scene.worker.records == []
    scene.behind = False
    scene.turn()
    assert scene.shown("held_back") == 0
    assert scene.shown("paused_partitions") == 0
    assert scene.worker.records == ["a"]


def test_what_is_in_work_ends_while_readers_of_our_outputs_are_behind() -> None:
    scene = Scene()
    scene.broker.append(b"a")
    scene.turn()
    scene.behind = True
    scene.turn()
    scene.worker.finish("a", Emit(("a!",)))
    scene.turn()
    assert [out.value for out in scene.broker.appended["out"]] == [b"a!"]


def test_partitions_on_which_processes_died_are_shown() -> None:
    scene = Scene()
    scene.broker.append(b"a")
    for _ in range(4):
        scene.turn()
        scene.broker.expel(scene.log)
        scene.start()
    scene.turn()
    assert scene.shown("suspect_partitions") == 1
    scene.worker.finish("a", Skip("done"))
    scene.turn()
    assert scene.shown("suspect_partitions") == 0


def test_records_that_are_not_due_are_shown() -> None:
    scene = Scene()
    scene.broker.append(b"a")
    scene.turn()
    scene.worker.finish("a", Later("busy"))
    scene.turn()
    assert scene.shown("retry_partitions_waiting") == 1
    scene.turn(2, seconds=10)
    assert scene.shown("retry_partitions_waiting") == 0


def test_how_long_steps_and_commits_take_is_shown() -> None:
    scene = Scene()
    scene.broker.append(b"a")
    scene.turn(1)
    scene.worker.finish("a", Emit(("a!",)))
    scene.log.point = lambda name: scene.clock.advance(0.25 if name == "before end" else 0.0)
    scene.turn(1, seconds=7.0)
    assert scene.shown("step_seconds_sum") == 7.0
    assert scene.shown("commit_seconds_sum") == 0.25
    assert scene.shown("commit_seconds_count") == 1


def test_no_documented_metric_stays_silent() -> None:
    scene = Scene()
    for partition, value in ((0, b"a"), (0, b"x"), (1, b"u"), (1, b"l")):
        scene.broker.append(value, partition=partition)
    scene.turn()
    scene.worker.finish("a", Emit(("a!",)))
    scene.worker.fail("u", Unavailable("store"))
    scene.turn()
    scene.worker.finish("u", Skip("done"))
    scene.worker.finish("l", Later("busy"))
    scene.behind = True
    scene.turn()
    scene.behind = False
    scene.worker.fail("x", ValueError("x"))
    scene.turn()
    for _ in range(4):
        scene.broker.expel(scene.log)
        scene.start()
        scene.turn()
    histograms = {m.name: f"{m.name}_count" for m in RUNNER_METRICS if m.kind == "histogram"}
    names = {histograms.get(m.name, m.name) for m in RUNNER_METRICS if m not in (STALLED, UNREAD)}
    assert names - scene.ever == set()
