import time
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pixelprose.embedded import EmbeddedKafka
from pixelprose.kafkalog.observer import Lane, Observer
from pixelprose.kafkalog.settings import Configuration


@pytest.fixture
def lane(kafka: EmbeddedKafka, topic_prefix: str) -> Lane:
    """A partition that holds: record, marker, aborted record, marker, record, marker."""
    topic = f"{topic_prefix}watched"
    servers: dict[str, Any] = {"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0}
    admin = AdminClient(servers)
    (made,) = admin.create_topics([NewTopic(topic, 1, 1)]).values()
    made.result(30)
    producer = Producer({**servers, "transactional.id": topic})
    producer.init_transactions(30)
    for end in (
        producer.commit_transaction,
        producer.abort_transaction,
        producer.commit_transaction,
    ):
        producer.begin_transaction()
        producer.produce(topic, b"record")
        producer.flush(30)
        end(30)
    return topic, 0


@pytest.fixture
def observer(kafka: EmbeddedKafka, lane: Lane) -> Iterator[Observer]:
    servers: dict[str, Any] = {"bootstrap.servers": kafka.bootstrap_servers}
    with closing(Observer(servers, group=lane[0], isolation="read_committed")) as asked:
        yield asked


@pytest.mark.real
def test_markers_and_aborted_records_are_not_held(observer: Observer, lane: Lane) -> None:
    assert observer.holds(lane, 0, 1)
    assert not observer.holds(lane, 1, 4)
    assert observer.holds(lane, 1, 5)
    assert not observer.holds(lane, 5, 6)


@pytest.mark.real
def test_an_end_that_the_partition_has_not_reached_is_no_answer(
    observer: Observer, lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pixelprose.kafkalog.observer._TIMEOUT_SECONDS", 1.0)
    with pytest.raises(KafkaException, match="TIMED_OUT"):
        observer.holds(lane, 5, 9)


@pytest.mark.real
def test_the_first_record_that_can_be_read_says_when_it_was_written(
    observer: Observer, lane: Lane
) -> None:
    assert observer.written({}) == {}
    assert observer.written({lane: 5}) == {}
    soon, late = (observer.written({lane: at})[lane] for at in (0, 1))
    assert time.time() - 600 < soon <= late <= time.time() + 1
    assert observer.positions([lane]) == {}


@pytest.mark.real
def test_times_of_many_partitions_come_though_each_batch_is_large(
    kafka: EmbeddedKafka, topic_prefix: str
) -> None:
    servers: dict[str, Any] = {"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0}
    topic = f"{topic_prefix}large"
    admin = AdminClient(servers)
    kept = NewTopic(topic, 8, 1, config={"retention.ms": "-1"})
    (made,) = admin.create_topics([kept]).values()
    made.result(30)
    producer = Producer(servers)
    times = {number: [10 * number + offset for offset in (1, 2, 3)] for number in range(8)}
    for number, seconds in times.items():
        for at in seconds:
            producer.produce(topic, bytes(300_000), partition=number, timestamp=1_000 * at)
    assert producer.flush(30) == 0
    with closing(Observer(servers, group=topic, isolation="read_committed")) as asked:
        found = asked.written({(topic, number): number % 3 for number in times})
    assert found == {(topic, number): seconds[number % 3] for number, seconds in times.items()}


class Consumers:
    """Makes clients of which the first never gets an answer."""

    def __init__(self) -> None:
        self.closed: list[bool] = []

    def __call__(self, _: Configuration) -> Consumer:
        mine = len(self.closed)
        self.closed.append(False)

        def answer(asked: list[TopicPartition], timeout: float) -> list[TopicPartition]:
            assert timeout > 0
            if not mine:
                raise KafkaException(KafkaError(KafkaError.UNKNOWN_LEADER_EPOCH))
            return [TopicPartition(at.topic, at.partition, 7) for at in asked]

        def close() -> None:
            self.closed[mine] = True

        return cast("Consumer", SimpleNamespace(offsets_for_times=answer, close=close))


def test_after_an_answer_that_did_not_come_a_new_client_is_asked() -> None:
    made = Consumers()
    observer = Observer({}, group="g", isolation="read_committed", consumer=made)
    with pytest.raises(KafkaException, match="UNKNOWN_LEADER_EPOCH"):
        observer.ends([("t", 0)])
    assert made.closed == [True]
    assert observer.ends([("t", 0)]) == observer.beginnings([("t", 0)]) == {("t", 0): 7}
    observer.close()
    assert made.closed == [True, True]
