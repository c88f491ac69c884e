"""A service as a process: health, signals, exit codes."""

import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Event

import pytest

from pixelprose.host import Host, HttpSettings, Service, ServiceSettings
from pixelprose.host.watchdog import Watchdog
from pixelprose.kafkalog import KafkaSettings
from pixelprose.streamkit import (
    Emit,
    ExitCode,
    Inline,
    Metrics,
    Outcome,
    Outgoing,
    Runner,
    RunnerSettings,
    Stop,
    Unavailable,
)
from pixelprose.streamkit.testing import MemoryBroker, MemoryLog, TextCodec

SETTINGS = ServiceSettings(
    kafka=KafkaSettings(bootstrap_servers="nowhere:1"), runner=RunnerSettings(commit_seconds=0.01)
)
SECONDS = 10.0

Step = Callable[[str], Outcome[str]]


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """What a host does to the signals of this process is undone."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def runner(
    broker: MemoryBroker, step: Step, name: str = "tests", metrics: Metrics | None = None
) -> Runner[str, str, Outgoing]:
    return Runner(
        MemoryLog(broker),
        TextCodec(),
        Inline(step),
        SETTINGS.runner,
        service=name,
        version="1",
        metrics=metrics or Metrics(),
    )


def signalling(number: signal.Signals) -> Step:
    def step(record: str) -> Outcome[str]:
        os.kill(os.getpid(), number)
        return Emit((record,))

    return step


def raising(error: Exception) -> Step:
    def step(_: str) -> Outcome[str]:
        raise error

    return step


def fed(*values: bytes) -> MemoryBroker:
    broker = MemoryBroker("in")
    for value in values:
        broker.append(value)
    return broker


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_commits_closes_and_exits_with_zero(number: signal.Signals) -> None:
    broker, closed = fed(b"a"), Event()
    host = Host(SETTINGS, Metrics())
    service = Service(runners=(runner(broker, signalling(number)),), close=closed.set)
    assert host.run(service) == 0
    assert [out.value for out in broker.appended["out"]] == [b"a"]
    assert closed.is_set()


def test_what_a_service_begins_with_is_done_before_its_runners_run() -> None:
    broker, begun = fed(b"a"), Event()

    def step(record: str) -> Outcome[str]:
        os.kill(os.getpid(), signal.SIGTERM)
        return Emit((f"{record} {begun.is_set()}",))

    Host(SETTINGS, Metrics()).run(Service(runners=(runner(broker, step),), begin=begun.set))
    assert [out.value for out in broker.appended["out"]] == [b"a True"]


def test_a_second_signal_ends_at_once() -> None:
    ended, both = [], Event()

    def end(code: int) -> None:
        ended.append(code)
        both.set()

    def step(record: str) -> Outcome[str]:
        os.kill(os.getpid(), signal.SIGTERM)
        while not host._asked.is_set():
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        both.wait(SECONDS)
        return Emit((record,))

    host = Host(SETTINGS, Metrics(), end=end)
    host.run(Service(runners=(runner(fed(b"a"), step),)))
    assert ended == [ExitCode.DRAIN_TIMED_OUT]


def test_a_signal_before_anything_runs_ends_at_once_with_zero() -> None:
    ended: SimpleQueue[int] = SimpleQueue()
    host = Host(SETTINGS, Metrics(), end=ended.put)
    signal.raise_signal(signal.SIGTERM)
    assert ended.get(timeout=SECONDS) == 0
    host.close()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Stop(ExitCode.FENCED, "two of us"), ExitCode.FENCED),
        (Unavailable("kafka"), ExitCode.UNAVAILABLE),
        (ZeroDivisionError(), ExitCode.CRASHED),
    ],
)
def test_how_a_runner_ended_is_the_exit_code(error: Exception, code: ExitCode) -> None:
    class Failing(MemoryLog):
        def probe(self) -> None:
            raise error

    broken: Runner[str, str, Outgoing] = Runner(
        Failing(fed()),
        TextCodec(),
        Inline(raising(error)),
        SETTINGS.runner,
        service="tests",
        version="1",
        metrics=Metrics(),
    )
    assert Host(SETTINGS, Metrics()).run(Service(runners=(broken,))) == code


def test_the_first_runner_that_stops_drains_the_others() -> None:
    good = fed(b"a", b"b")
    seen = Event()

    def step(record: str) -> Outcome[str]:
        seen.set()
        return Emit((record,))

    def fail(_: str) -> Outcome[str]:
        seen.wait(SECONDS)
        raise Stop(ExitCode.BAD_CONFIGURATION, "no more")

    runners = (runner(good, step, "good"), runner(fed(b"x"), fail, "bad"))
    code = Host(SETTINGS, Metrics()).run(Service(runners=runners))
    assert code == ExitCode.BAD_CONFIGURATION
    assert [out.value for out in good.appended["out"]] == [b"a", b"b"]


def test_health_tells_built_from_ready_and_draining() -> None:
    port = free_port()
    settings = SETTINGS.model_copy(update={"http": HttpSettings(port=port)})
    metrics = Metrics()
    host = Host(settings, metrics)
    assert [get(port, path)[0] for path in ("/livez", "/startupz", "/readyz")] == [200, 503, 503]
    seen: list[int] = []

    def step(record: str) -> Outcome[str]:
        seen.extend(get(port, path)[0] for path in ("/livez", "/startupz", "/readyz"))
        running.stop()
        seen.append(get(port, "/readyz")[0])
        return Emit((record,))

    running = runner(fed(b"a"), step, metrics=metrics)
    host.run(Service(runners=(running,)))
    assert seen == [200, 200, 200, 503]


def test_metrics_are_served_in_prometheus_text() -> None:
    port = free_port()
    metrics = Metrics()
    metrics.counter("pixelprose_cats_total", "Cats.", ("colour",)).labels("red").inc()
    settings = SETTINGS.model_copy(update={"http": HttpSettings(port=port)})
    host = Host(settings, metrics)
    status, text = get(port, "/metrics")
    assert status == 200
    assert 'pixelprose_cats_total{colour="red"} 1.0' in text.splitlines()
    status, text = get(port, "/nowhere")
    assert (status, "/metrics" in text) == (404, True)
    host.close()


def test_a_port_in_use_is_a_clear_message() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        settings = SETTINGS.model_copy(update={"http": HttpSettings(port=port)})
        with pytest.raises(Stop, match=rf"127\.0\.0\.1:{port} .*http\.port") as stop:
            Host(settings, Metrics())
    assert stop.value.code is ExitCode.BAD_CONFIGURATION


class Watched:
    """A watchdog whose sleeps end it after so many looks."""

    def __init__(self, *beats: list[int]) -> None:
        self.ended: list[int] = []
        self._beats = list(beats)
        self.dog = Watchdog(
            lambda: self._beats[0],
            seconds=2,
            starting_seconds=5,
            end=self.ended.append,
            sleep=self._sleep,
        )
        self.calm: list[bool] = []
        self.dog.watch()

    def _sleep(self, _: float) -> None:
        self.calm.append(self.dog.calm)
        if len(self._beats) > 1:
            self._beats.pop(0)
        else:
            self.dog.stop()


def test_the_watchdog_ends_a_process_whose_loop_stands_still() -> None:
    assert Watched(*[[7, n] for n in range(5)]).ended == [ExitCode.HUNG]


def test_a_loop_that_never_begins_to_turn_is_ended_later_and_is_calm_until_then() -> None:
    waiting = Watched(*[[-1, n] for n in range(11)])
    assert waiting.ended == [ExitCode.HUNG]
    assert waiting.calm == [True] * 10
    assert Watched(*[[-1, n] for n in range(10)]).ended == []


class Deaf(MemoryLog):
    """Never answers whether it is there, until it is let go."""

    def __init__(self) -> None:
        super().__init__(MemoryBroker("in"))
        self.let_go = Event()

    def probe(self) -> None:
        self.let_go.wait(SECONDS)
        raise Unavailable("kafka", "late")


def test_a_broker_that_is_asked_and_never_answers_ends_the_process() -> None:
    log, ended = Deaf(), list[int]()

    def end(code: int) -> None:
        ended.append(code)
        log.let_go.set()

    kafka = SETTINGS.kafka.model_copy(
        update={"start_deadline_seconds": 0.5, "commit_deadline_seconds": 0.0}
    )
    quick = RunnerSettings(watchdog_seconds=0.5)
    step = Inline(raising(RuntimeError("no record comes")))
    deaf = Runner(log, TextCodec(), step, quick, service="t", version="1", metrics=Metrics())
    host = Host(SETTINGS.model_copy(update={"kafka": kafka, "runner": quick}), Metrics(), end=end)
    host.run(Service(runners=(deaf,)))
    assert ended == [ExitCode.HUNG]


def test_a_loop_that_began_late_is_timed_from_then() -> None:
    assert Watched(*[[-1]] * 10, *[[1]] * 4).ended == []
    stood = Watched(*[[-1]] * 10, *[[1]] * 5)
    assert stood.ended == [ExitCode.HUNG]
    assert stood.calm[-2:] == [True, False]


@pytest.mark.parametrize(
    "beats",
    [
        [[n, n] for n in range(9)],
        [[n // 2, (n + 1) // 2] for n in range(9)],
        [[-1]] * 9,
        [[1], [1], [1], [1, 1], [1, 1], [1, 1], [1]],
    ],
    ids=["turning", "taking turns", "not joined yet", "coming and going"],
)
def test_the_watchdog_lets_a_living_process_be(beats: list[list[int]]) -> None:
    assert Watched(*beats).ended == []
