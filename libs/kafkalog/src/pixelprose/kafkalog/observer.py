"""Questions about partitions and positions, asked while a service runs."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from pixelprose.kafkalog.settings import Configuration

Lane = tuple[str, int]
"""Topic, by its name on the broker, and partition."""

Isolation = Literal["read_committed", "read_uncommitted"]

_TIMEOUT_SECONDS = 10.0
_POLL_SECONDS = 0.5
_LATEST, _EARLIEST = -1, -2
"""Timestamps that stand for the end and the beginning of a partition (Kafka's ListOffsets)."""


class Observer:
    """Asks as a consumer of `group` that never joins.

    Not as an admin client: its requests abort the process when they time out while a broker goes
    away (librdkafka #4605, #3663: `rd_kafka_enq_once_del_source_return`). Every method raises
    KafkaException when the broker does not answer, and the next question is a new client's: one
    that lost its broker may hold on to what is no longer so, such as the epoch of a leader, for
    ever.
    """

    def __init__(
        self,
        client: Configuration,
        *,
        group: str,
        isolation: Isolation,
        consumer: Callable[[Configuration], Consumer] = Consumer,
    ) -> None:
        self._configuration: Configuration = {
            **client,
            "group.id": group,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
            "log_level": 0,
        }
        self._new = consumer
        self._consumer: Consumer | None = None

    def partitions(self, topic: str) -> list[Lane]:
        """Return the partitions of a topic; none while there is no such topic."""
        with self._asked() as consumer:
            known = consumer.list_topics(topic, timeout=_TIMEOUT_SECONDS).topics[topic]
        return [(topic, number) for number in known.partitions]

    def ends(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        """Return where each partition ends: the last stable offset for `read_committed`."""
        return self._offsets(lanes, _LATEST)

    def beginnings(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        """Return the first offset that each partition still has."""
        return self._offsets(lanes, _EARLIEST)

    def since(self, lanes: Collection[Lane], *, seconds: float) -> Mapping[Lane, int]:
        """Return the first offset of each partition that is not older; -1 where there is none.

        `seconds` is a time of day, as `time.time()` tells it.
        """
        return self._offsets(lanes, round(seconds * 1000))

    def positions(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        """Return the group's positions; partitions without one are missing."""
        if not lanes:
            return {}
        asked = [KafkaPartition(*lane) for lane in lanes]
        with self._asked() as consumer:
            found = list(map(_good, consumer.committed(asked, timeout=_TIMEOUT_SECONDS)))
        return {(at.topic, at.partition): at.offset for at in found if at.offset >= 0}

    def holds(self, lane: Lane, first: int, end: int) -> bool:
        """Return whether a record can be read at `first` or behind it, before `end`.

        Markers of transactions are none, nor are records of aborted ones to `read_committed`.
        """
        with self._asked() as consumer:
            consumer.assign([KafkaPartition(*lane, first)])
            deadline = time.monotonic() + _TIMEOUT_SECONDS
            while time.monotonic() < deadline:
                message = consumer.poll(_POLL_SECONDS)
                if message is None:
                    continue
                offset, error = message.offset() or 0, message.error()
                if error is None:
                    return offset < end
                if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's public name for it
                    raise KafkaException(error)
                if offset >= end:
                    return False
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - as above

    def move(self, positions: Mapping[Lane, int]) -> None:
        """Put the group, which must have no members, to these positions."""
        asked = [KafkaPartition(*lane, offset) for lane, offset in positions.items()]
        with self._asked() as consumer:
            for at in consumer.commit(offsets=asked, asynchronous=False) or ():
                _good(at)

    def close(self) -> None:
        """Release the client."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    @contextmanager
    def _asked(self) -> Iterator[Consumer]:
        if self._consumer is None:
            self._consumer = self._new(self._configuration)
        try:
            yield self._consumer
        except KafkaException:
            self.close()
            raise

    def _offsets(self, lanes: Collection[Lane], timestamp: int) -> Mapping[Lane, int]:
        if not lanes:
            return {}
        asked = [KafkaPartition(*lane, timestamp) for lane in lanes]
        with self._asked() as consumer:
            found = consumer.offsets_for_times(asked, timeout=_TIMEOUT_SECONDS)
            return {(at.topic, at.partition): _good(at).offset for at in found}


def _good(at: KafkaPartition) -> KafkaPartition:
    if at.error is not None:
        raise KafkaException(at.error)
    return at
