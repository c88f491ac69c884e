"""Committed positions that can't be had: asked for again, and at last the client is given up."""

from collections.abc import Sequence

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from pixelprose.kafkalog import KafkaLog, KafkaSettings
from pixelprose.kafkalog import log as module
from pixelprose.streamkit import Committed, ExitCode, Stop, TopicPartition

LANE = TopicPartition("in", 0)


class Client:
    """Answers for committed positions as it is told."""

    def __init__(self) -> None:
        self.error: KafkaError | None = None
        self.raises = False

    def committed(self, lanes: Sequence[KafkaPartition], timeout: float) -> list[KafkaPartition]:
        assert timeout > 0
        if self.raises:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return [Answer(lane, self.error) for lane in lanes]  # type: ignore[misc]


class Answer:
    """A partition with the error of its question, which the client's own class can't be given."""

    def __init__(self, lane: KafkaPartition, error: KafkaError | None) -> None:
        self.topic, self.partition, self.offset = lane.topic, lane.partition, 7
        self.metadata, self.error = "note", error


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def log(client: Client) -> KafkaLog:
    settings = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    log = KafkaLog(settings, topics=("in",), service="tests", instance="one", slot=0)
    log._consumer = client  # type: ignore[assignment]
    return log


@pytest.mark.parametrize("whole", [True, False])
def test_what_cannot_be_had_now_is_missing_and_at_last_the_client_is_given_up(
    log: KafkaLog, client: Client, monkeypatch: pytest.MonkeyPatch, *, whole: bool
) -> None:
    client.raises = whole
    client.error = KafkaError(KafkaError.NOT_COORDINATOR)
    assert log.committed([LANE]) == {}
    monkeypatch.setattr(module, "UNKNOWN_SECONDS", 0.0)
    with pytest.raises(Stop, match="committed positions") as stop:
        log.committed([LANE])
    assert stop.value.code is ExitCode.CLIENT_BROKEN


def test_an_answer_forgets_the_failures_before_it(log: KafkaLog, client: Client) -> None:
    client.error = KafkaError(KafkaError.NOT_COORDINATOR)
    log.committed([LANE])
    client.error = None
    assert log.committed([LANE]) == {LANE: Committed(7, "note")}
    assert log._unknown_since is None
