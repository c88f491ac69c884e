"""What a service's log and runner are wired to."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence

import pytest

from pixelprose.kafkalog import DownstreamLag, KafkaSettings, Reader
from pixelprose.kafkalog.stable_offsets import Behind
from pixelprose.records import StreamSettings
from pixelprose.records.stream import held_back, log_of_topics
from pixelprose.streamkit import Metrics, RunnerSettings
from pixelprose.streamkit.metrics.names import STALLED

KAFKA = KafkaSettings(bootstrap_servers="127.0.0.1:1", topic_prefix="t.")
SETTINGS = StreamSettings(kafka=KAFKA, instance="staging")
SECONDS = 30.0


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Nobody:
    """A membership, and clients of Kafka that do nothing."""

    def __init__(self, *_: object, **__: object) -> None: ...
    def assigned(self, _: Collection[object]) -> None: ...

    revoked = lost = init_transactions = assigned

    def subscribe(self, _: list[str], **__: object) -> None: ...
    def close(self) -> None: ...


class Open:
    """Transactions that hang, on every topic that is asked for."""

    closed = 0

    def __init__(self, _: object) -> None: ...

    def behind(self, topics: Collection[str]) -> list[Behind]:
        assert set(topics) == {"t.in"}
        return [Behind((topic, 0), 10, 12) for topic in topics]

    def close(self) -> None:
        Open.closed += 1


def test_a_log_that_subscribes_watches_its_topics_for_open_transactions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pixelprose.kafkalog.log.Consumer", Nobody)
    monkeypatch.setattr("pixelprose.kafkalog.log.Producer", Nobody)
    monkeypatch.setattr("pixelprose.kafkalog.stable_offsets.OpenTransactions", Open)
    monkeypatch.setattr("pixelprose.kafkalog.stable_offsets.LOOK_SECONDS", 0.001)
    metrics = Metrics()

    def stalled() -> float:
        lines = metrics.exposition().decode().splitlines()
        (shown,) = (line for line in lines if line.startswith(f"{STALLED.name}{{"))
        return float(shown.split()[-1])

    log = log_of_topics(SETTINGS, name="tests", topics=("in",), metrics=metrics)
    assert stalled() == 0.0
    log.subscribe(Nobody())
    until(lambda: stalled() > 0.0)
    log.close()
    until(lambda: Open.closed == 1)


class FarBehind:
    """Lags that say how far every reader is behind, and remember whom they were asked for."""

    asked: Sequence[Reader] = ()

    def __init__(self, _: KafkaSettings, readers: Sequence[Reader]) -> None:
        FarBehind.asked = readers

    def __call__(self) -> Mapping[Reader, int]:
        return dict.fromkeys(FarBehind.asked, 7)


@pytest.mark.parametrize(("bound", "waits"), [(7, True), (8, False)])
def test_a_service_waits_for_its_readers_by_the_bound_of_its_settings(
    monkeypatch: pytest.MonkeyPatch, bound: int, *, waits: bool
) -> None:
    monkeypatch.setattr("pixelprose.records.stream.Lags", FarBehind)
    runner = RunnerSettings(max_downstream_lag=bound)
    lag = held_back(SETTINGS.model_copy(update={"runner": runner}), name="safety-filter")
    assert isinstance(lag, DownstreamLag)
    assert set(FarBehind.asked) == {
        Reader("t.metadata-annotator.image.staging", "t.pixelprose.images.screened.v1"),
        Reader("t.sink.rejections.staging", "t.pixelprose.images.rejected.v1"),
    }
    lag.look()
    assert lag() is waits
    lag.close()


def test_without_a_bound_a_service_waits_for_nobody() -> None:
    runner = RunnerSettings(max_downstream_lag=None)
    assert not held_back(SETTINGS.model_copy(update={"runner": runner}), name="safety-filter")()
