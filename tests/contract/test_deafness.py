"""A consumer that goes deaf is noticed on a real broker, and one that hears is left alone."""

import time
from collections.abc import Callable, Collection
from typing import Protocol

import pytest
from confluent_kafka import TopicPartition as KafkaPartition

from pixelprose.kafkalog import KafkaLog, hearing
from pixelprose.streamkit import ExitCode, Log, Outgoing, Stop, TopicPartition

pytestmark = pytest.mark.real

SECONDS = 60.0


class World(Protocol):
    def feed(self, *values: bytes, partition: int = 0) -> None: ...
    def open(self, slot: int = 0) -> Log[Outgoing]: ...


class Member:
    """Of a group; it remembers what is its own."""

    def __init__(self) -> None:
        self.ours: set[TopicPartition] = set()

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        self.ours |= set(partitions)

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        self.ours -= set(partitions)

    lost = revoked


@pytest.fixture
def log(kafka_world: World, monkeypatch: pytest.MonkeyPatch) -> KafkaLog:
    monkeypatch.setattr(hearing, "LOOK_SECONDS", 0.2)
    log = kafka_world.open()
    assert isinstance(log, KafkaLog)
    member = Member()
    log.subscribe(member)
    until(lambda: log.poll(0.05) is None and len(member.ours) == 2)
    return log


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"


def test_a_client_that_went_deaf_ends_the_process(log: KafkaLog, kafka_world: World) -> None:
    # Behind the back of the log, which so waits for what the client will never give.
    log._joined.pause([KafkaPartition(topic, 0) for topic in log._topics])
    kafka_world.feed(b"1")
    with pytest.raises(Stop, match="delivers nothing any more") as stop:
        until(lambda: log.poll(0.05) is not None)
    assert stop.value.code is ExitCode.CLIENT_BROKEN


def test_a_client_at_the_end_is_not_deaf(log: KafkaLog, kafka_world: World) -> None:
    kafka_world.feed(b"1")
    until(lambda: log.poll(0.05) is not None)
    for _ in range(10 * hearing.LOOKS):
        assert log.poll(0.1) is None
