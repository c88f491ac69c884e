"""A topic with its group on a real broker."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaException,
    Producer,
)
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.cimpl import NewTopic

from pixelprose.embedded import EmbeddedKafka
from pixelprose.kafkalog import KafkaLog, KafkaSettings
from pixelprose.streamkit import Headers, Log, Outgoing, Stop

RETRY = "in.tests.retry.1s"
TOPICS = ("in", "out", "rejected", "dead", "in.tests.dlq", RETRY)
PARTITIONS = 2
LIMIT = 1_000
PATIENCE_SECONDS = 30.0


class KafkaWorld:
    def __init__(self, bootstrap_servers: str, prefix: str) -> None:
        self.settings = KafkaSettings(
            bootstrap_servers=bootstrap_servers, topic_prefix=prefix, max_message_bytes=LIMIT
        )
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
        names = [self.settings.physical(name) for name in TOPICS]
        for made in self._admin.create_topics(
            [NewTopic(name, PARTITIONS, 1) for name in names]
        ).values():
            made.result(PATIENCE_SECONDS)
        read = [self.settings.physical(name) for name in ("in", RETRY)]
        self._move([KafkaPartition(name, n, 0) for name in read for n in range(PARTITIONS)])
        self._feeder = Producer(
            {"bootstrap.servers": bootstrap_servers, "transactional.id": f"{prefix}feeder"}
        )
        self._feeder.init_transactions(PATIENCE_SECONDS)
        self._opened: list[KafkaLog] = []

    def feed(self, *values: bytes, partition: int = 0, headers: Headers = ()) -> None:
        self._feeder.begin_transaction()
        for value in values:
            self._feeder.produce(
                self.settings.physical("in"),
                value,
                b"key",
                partition=partition,
                headers=list(headers),
            )
        self._feeder.commit_transaction(PATIENCE_SECONDS)

    def open(self, slot: int = 0) -> Log[Outgoing]:
        log = KafkaLog(self.settings, topics=("in",), service="tests", instance="one", slot=slot)
        self._opened.append(log)
        return log

    def appended(self, topic: str, count: int) -> Sequence[Outgoing]:
        return read_committed(self.settings, topic, count)

    def position(self, partition: int) -> int:
        # "Stable": the markers of a committed transaction take a moment to arrive.
        asked = ConsumerGroupTopicPartitions(self._group, [self._lane(partition)])
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self._admin.list_consumer_group_offsets([asked], require_stable=True)
            for found in answer[self._group].result().topic_partitions or ():
                if found.error is None:
                    return int(found.offset)
        raise AssertionError("the position does not settle")

    def end(self, partition: int) -> int:
        lane = self._lane(partition)
        latest: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        return int(self._admin.list_offsets({lane: latest})[lane].result().offset)

    def forget_position(self, partition: int) -> None:
        # A group can't forget a single position through this client; another instance has none.
        del partition
        self._admin.delete_consumer_groups([self._group])[self._group].result()

    def expire(self, partition: int, before: int) -> None:
        lane = self._lane(partition)
        lane.offset = before
        self._admin.delete_records([lane])[lane].result()

    def hide(self, value: bytes) -> None:
        self._feeder.begin_transaction()
        self._feeder.produce(self.settings.physical("in"), value, b"key", partition=0)
        self._feeder.flush(PATIENCE_SECONDS)

    def show(self) -> None:
        self._feeder.commit_transaction(PATIENCE_SECONDS)

    def close(self) -> None:
        for log in self._opened:
            with suppress(Stop, RuntimeError):
                log.close()

    @property
    def _group(self) -> str:
        return self.settings.group("tests", "one")

    def _lane(self, partition: int) -> KafkaPartition:
        return KafkaPartition(self.settings.physical("in"), partition)

    def _move(self, positions: list[KafkaPartition]) -> None:
        # A broker that has just started answers at first that it is no coordinator.
        asked = ConsumerGroupTopicPartitions(self._group, positions)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with suppress(KafkaException):
                moved = self._admin.alter_consumer_group_offsets([asked], request_timeout=5)
                found = moved[self._group].result().topic_partitions or []
                if all(at.error is None for at in found):
                    return
        raise AssertionError("the group got no positions")


def read_committed(settings: KafkaSettings, topic: str, count: int) -> Sequence[Outgoing]:
    """Exactly what a reader of committed records sees: `count`, and then nothing more."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.bootstrap_servers,
            "group.id": f"{settings.topic_prefix}reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
        }
    )
    physical = settings.physical(topic)
    consumer.assign([KafkaPartition(physical, number, 0) for number in range(PARTITIONS)])
    found: list[Outgoing] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        raw = consumer.poll(0.1)
        quiet += raw is None and len(found) >= count
        if raw is not None and raw.error() is None:
            key, value = raw.key(), raw.value()
            assert isinstance(value, bytes)
            assert not isinstance(key, str)
            headers = tuple((name, bytes(text)) for name, text in raw.headers() or ())  # type: ignore[str-unpack, arg-type]
            found.append(Outgoing(topic, key, value, headers))
    consumer.close()
    assert len(found) == count
    return found


@pytest.fixture
def kafka_world(kafka: EmbeddedKafka, topic_prefix: str) -> Iterator[KafkaWorld]:
    """A topic `in` with positions, and topics `out` and `dead`, on the shared broker."""
    world = KafkaWorld(kafka.bootstrap_servers, topic_prefix)
    yield world
    world.close()
