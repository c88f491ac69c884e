"""The broker's side of a round: topics, records to work on, first positions, what is visible."""

import time
from collections.abc import Iterator

from bench.spine import work
from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    OffsetSpec,
)
from confluent_kafka.cimpl import NewTopic

_SECONDS = 60.0


class Cluster:
    """Asks one broker, and feeds it."""

    def __init__(self, servers: str) -> None:
        self.servers = servers
        self._admin = AdminClient({"bootstrap.servers": servers})
        self._producer = Producer(
            {"bootstrap.servers": servers, "linger.ms": 1, "partitioner": "murmur2_random"}
        )

    def make(self, topic: str) -> None:
        """Create a topic."""
        self._admin.create_topics([NewTopic(topic, work.PARTITIONS, 1)])[topic].result(_SECONDS)
        self.visible(topic)  # returns once it has leaders

    def drop(self, topic: str) -> None:
        """Delete a topic: its bytes would fill the page cache."""
        self._admin.delete_topics([topic])[topic].result(_SECONDS)
        # A client that has deleted a topic finds no leaders of later ones any more (2.16.1).
        self._admin = AdminClient({"bootstrap.servers": self.servers})

    def position(self, topic: str, group: str) -> None:
        """Put a group at the beginning of a topic."""
        lanes = [TopicPartition(topic, number, 0) for number in range(work.PARTITIONS)]
        asked = ConsumerGroupTopicPartitions(group, lanes)
        self._admin.alter_consumer_group_offsets([asked])[group].result(_SECONDS)

    def fill(self, topic: str, count: int) -> None:
        """Append records as fast as it goes."""
        for number in range(count):
            while True:
                try:
                    self._producer.produce(topic, work.example(), str(number).encode())
                except BufferError:
                    self._producer.poll(0.1)
                else:
                    break
        self._producer.flush(_SECONDS)

    def feed(self, topic: str, *, per_second: int, seconds: float) -> Iterator[int]:
        """Append at a steady rate; a record's key is the time of day, in nanoseconds."""
        began = time.monotonic()
        for number in range(round(per_second * seconds)):
            while (wait := began + number / per_second - time.monotonic()) > 0:
                time.sleep(wait)
            self._producer.produce(topic, work.example(), str(time.time_ns()).encode())
            self._producer.poll(0)
            yield number
        self._producer.flush(_SECONDS)

    def visible(self, topic: str) -> int:
        """Return how many offsets readers of committed records have in front of them.

        Transaction markers count, too: 20 a second at most, of thousands.
        """
        lanes = {TopicPartition(topic, n): OffsetSpec.latest() for n in range(work.PARTITIONS)}  # type: ignore[no-untyped-call]
        deadline = time.monotonic() + _SECONDS
        while True:
            found = self._admin.list_offsets(lanes, isolation_level=IsolationLevel.READ_COMMITTED)
            try:
                return sum(future.result(_SECONDS).offset for future in found.values())
            except KafkaException:  # leaders of a new topic are not known at once
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
