"""What the loop promises of bounds and failures, on the log in memory and on a real broker."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Protocol

import pytest
from tests.contract.test_log_contract import MemoryWorld

from pixelprose.kafkalog import DownstreamLag, KafkaSettings, Lags, Reader
from pixelprose.kafkalog.observer import Observer
from pixelprose.streamkit import (
    Emit,
    ExitCode,
    Headers,
    Inline,
    Log,
    Metrics,
    Outcome,
    Outgoing,
    Runner,
    RunnerSettings,
    Stop,
    Unavailable,
    Worker,
)
from pixelprose.streamkit.testing import HandWorker, TextCodec

PATIENCE_SECONDS = 60.0
QUICK = RunnerSettings(commit_seconds=0.02)

TextRunner = Runner[str, str, Outgoing]


class World(Protocol):
    def feed(self, *values: bytes, partition: int = 0, headers: Headers = ()) -> None: ...
    def open(self, slot: int = 0) -> Log[Outgoing]: ...
    def appended(self, topic: str, count: int) -> Sequence[Outgoing]: ...
    def position(self, partition: int) -> int: ...


class KafkaWorld(World, Protocol):
    settings: KafkaSettings


def runner_on(
    world: World,
    worker: Worker[str, str],
    settings: RunnerSettings = QUICK,
    *,
    held_back: Callable[[], bool] = lambda: False,
) -> TextRunner:
    return Runner(
        world.open(),
        TextCodec(),
        worker,
        settings,
        service="tests",
        version="1",
        metrics=Metrics(),
        held_back=held_back,
    )


def turned(runner: TextRunner, holds: Callable[[], bool]) -> None:
    """Turn a runner until something holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        runner.tick()


def joined(runner: TextRunner) -> TextRunner:
    runner.probe()
    runner._log.subscribe(runner)
    return runner


def values(outputs: Sequence[Outgoing]) -> list[bytes]:
    return [out.value for out in outputs]


def step(record: str) -> Outcome[str]:
    match record[0]:
        case "x":
            raise ValueError(record)
        case "u":
            raise Unavailable("store")
        case _:
            return Emit((record,))


class RunnerContract:
    def test_a_slow_record_and_a_full_partition_hold_themselves_alone(self, world: World) -> None:
        worker = HandWorker()
        bounds = QUICK.model_copy(update={"max_in_flight_per_partition": 2})
        runner = joined(runner_on(world, worker, bounds))
        world.feed(b"slow", b"a2", b"a3", partition=0)
        turned(runner, lambda: worker.records == ["slow", "a2"])
        world.feed(b"b1", b"b2", b"b3", partition=1)
        for number in (1, 2, 3):
            turned(runner, lambda n=number: f"b{n}" in worker.records)  # type: ignore[misc]
            worker.finish(f"b{number}", Emit((f"b{number}",)))
        turned(runner, lambda: world.position(1) >= 3)
        assert "a3" not in worker.records
        assert world.position(0) == 0
        assert values(world.appended("out", 3)) == [b"b1", b"b2", b"b3"]
        for record in ("slow", "a2"):
            worker.finish(record, Emit((record,)))
        turned(runner, lambda: "a3" in worker.records)
        runner._log.close()

    def test_what_a_dependency_does_not_answer_is_tried_again_then_stops_the_process(
        self, world: World
    ) -> None:
        tries: list[str] = []

        def counted(record: str) -> Outcome[str]:
            tries.append(record)
            return step(record)

        patience = {"unavailable_deadline_seconds": 0.3, "unavailable_first_wait_seconds": 0.05}
        world.feed(b"a", b"u", b"b")
        runner = runner_on(world, Inline(counted), QUICK.model_copy(update=patience))
        with pytest.raises(Stop) as stop:
            runner.run()
        assert stop.value.code is ExitCode.UNAVAILABLE
        assert tries.count("u") > 1
        assert values(world.appended("out", 1)) == [b"a"]
        assert world.position(0) == 1

    def test_bad_records_are_dead_letters_and_the_rest_goes_on(self, world: World) -> None:
        world.feed(b"a", b"\xff", b"x", b"b")
        runner = joined(runner_on(world, Inline(step)))
        turned(runner, lambda: world.position(0) >= 4)
        runner._log.close()
        assert values(world.appended("out", 2)) == [b"a", b"b"]
        letters = world.appended("in.tests.dlq", 2)
        assert values(letters) == [b"\xff", b"x"]
        reasons = [dict(letter.headers)["dlq_reason"] for letter in letters]
        assert reasons == [b"undecodable", b"unknown_error"]

    def test_too_many_bad_records_stop_the_service_and_bleed_nothing(self, world: World) -> None:
        world.feed(b"a", b"x1", b"x2", b"x3", b"b")
        runner = runner_on(world, Inline(step), QUICK.model_copy(update={"fuse_in_a_row": 3}))
        with pytest.raises(Stop) as stop:
            runner.run()
        assert stop.value.code is ExitCode.FUSE_BLOWN
        assert values(world.appended("out", 1)) == [b"a"]
        assert world.position(0) == 1
        world.appended("in.tests.dlq", 0)


class TestInMemory(RunnerContract):
    @pytest.fixture
    def world(self) -> World:
        return MemoryWorld()


@pytest.mark.real
class TestOnKafka(RunnerContract):
    @pytest.fixture
    def world(self, kafka_world: KafkaWorld) -> World:
        return kafka_world

    def test_a_reader_that_is_behind_makes_us_wait_until_it_has_caught_up(
        self, world: KafkaWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pixelprose.kafkalog.downstream.ASK_SECONDS", 0.05)
        reader = Reader(world.settings.group("reader", "one"), world.settings.physical("out"))
        lanes = [(reader.topic, 0), (reader.topic, 1)]
        begun: list[str] = []

        def noted(record: str) -> Outcome[str]:
            begun.append(record)
            return step(record)

        client = world.settings.client()
        lags = Lags(world.settings, [reader])
        lag = DownstreamLag(lags, most=4)
        with closing(Observer(client, group=reader.group, isolation="read_uncommitted")) as other:
            other.move(dict.fromkeys(lanes, 0))
            runner = joined(runner_on(world, Inline(noted), held_back=lag))
            world.feed(*(b"%d" % n for n in range(8)))
            turned(runner, lambda: lag() and len(runner._flow.paused) == len(lanes))
            world.feed(b"late")
            for _ in range(8):
                runner.tick()
            assert "late" not in begun
            other.move(other.ends(lanes))
            turned(runner, lambda: "late" in begun)
            runner._log.close()
        lag.close()
        lag._thread.join(PATIENCE_SECONDS)
        lags.close()
