"""We wait for readers of our outputs that are too far behind."""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pixelprose.embedded import EmbeddedKafka, JarCache
from pixelprose.kafkalog import DownstreamLag, KafkaSettings, Lags, Reader

A, B = Reader("a.live", "x"), Reader("b.live", "y")


class Broker:
    """Says what it is told to."""

    def __init__(self) -> None:
        self.lags: Mapping[Reader, int] = {}
        self.down = False

    def __call__(self) -> Mapping[Reader, int]:
        if self.down:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return self.lags


def behind(lag: DownstreamLag) -> bool:
    lag.look()
    return lag._behind


def test_it_waits_for_the_slowest_reader_until_half_of_the_bound_is_left() -> None:
    broker = Broker()
    lag = DownstreamLag(broker, most=100)
    for a, b, expected in ((0, 0, False), (99, 3, False), (3, 100, True), (0, 51, True)):
        broker.lags = {A: a, B: b}
        assert behind(lag) is expected
    broker.lags = {A: 50, B: 50}
    assert not behind(lag)


def test_without_readers_it_never_waits() -> None:
    assert not behind(DownstreamLag(dict, most=1))


def test_while_the_broker_does_not_answer_the_last_word_stands() -> None:
    broker = Broker()
    lag = DownstreamLag(broker, most=10)
    broker.lags = {A: 10}
    assert behind(lag)
    broker.down = True
    assert behind(lag)
    broker.down, broker.lags = False, {A: 0}
    assert not behind(lag)


def test_the_first_question_starts_the_looking() -> None:
    broker = Broker()
    broker.lags = {A: 10}
    lag = DownstreamLag(broker, most=10)
    deadline = time.monotonic() + 30
    while not lag():
        assert time.monotonic() < deadline
    lag.close()


def write_positions(admin: AdminClient, group: str, positions: list[TopicPartition]) -> None:
    # A broker that has just started answers at first that it is no coordinator.
    asked = ConsumerGroupTopicPartitions(group, positions)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(KafkaException):
            found = admin.alter_consumer_group_offsets([asked])[group].result().topic_partitions
            if found and all(at.error is None for at in found):
                return
    raise AssertionError("the group got no positions")


@pytest.mark.real
def test_the_lag_is_what_the_group_has_not_read(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)
    topic = settings.physical("x")
    admin = AdminClient({**settings.client(), "log_level": 0})
    admin.create_topics([NewTopic(topic, 2, 1)])[topic].result()
    producer = Producer(settings.client())
    for number in range(10):
        producer.produce(topic, b"v", partition=number % 2)
    producer.flush(10)
    reader, unknown = Reader(settings.group("a", "live"), topic), Reader("nobody", topic)
    positions = [TopicPartition(topic, 0, 1), TopicPartition(topic, 1, 4)]
    write_positions(admin, reader.group, positions)
    lags = Lags(settings, [reader, unknown])
    assert lags() == {reader: 5, unknown: 0}
    write_positions(admin, reader.group, [TopicPartition(topic, 0, 5)])
    assert lags() == {reader: 1, unknown: 0}
    lags.close()


def commit(settings: KafkaSettings, group: str, position: TopicPartition) -> None:
    # As a consumer: a request to a coordinator that is not there yet is tried again at once.
    consumer = Consumer({**settings.client(), "group.id": group})
    deadline = time.monotonic() + 60
    while True:
        with suppress(KafkaException):
            consumer.commit(offsets=[position], asynchronous=False)
            break
        assert time.monotonic() < deadline
    consumer.close()


@pytest.mark.real
def test_a_broker_that_goes_away_is_an_error_and_no_crash(
    jar_cache: JarCache, tmp_path: Path
) -> None:
    with EmbeddedKafka(tmp_path, jars=jar_cache) as own:
        settings = KafkaSettings(bootstrap_servers=own.bootstrap_servers)
        admin = AdminClient({**settings.client(), "log_level": 0})
        admin.create_topics([NewTopic("x", 1, 1)])["x"].result()
        commit(settings, A.group, TopicPartition("x", 0, 0))
        lags = Lags(settings, [A])
        assert lags() == {A: 0}
        own.kill()
        with pytest.raises(KafkaException):
            lags()
        own.start()
        deadline = time.monotonic() + 60
        while True:
            with suppress(KafkaException):
                assert lags() == {A: 0}
                break
            assert time.monotonic() < deadline
        lags.close()
