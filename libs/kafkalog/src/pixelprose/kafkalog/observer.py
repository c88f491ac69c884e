"""Questions about partitions and positions, asked while a service runs."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
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
            # What is read is a record here and there: no more than its batch of each partition.
            "fetch.message.max.bytes": 1_000,
            "queued.min.messages": 1,
            # The next partition waits for the fetch under way: up to 0.5 s with the default of 500.
            "fetch.wait.max.ms": 50,
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

    def written(self, positions: Mapping[Lane, int]) -> Mapping[Lane, float]:
        """Return when the first record at each position or behind it was written.

        As a time of day in seconds. Partitions without such a record are missing, and those whose
        record has no time.
        """
        if not positions:
            return {}
        found: dict[Lane, float] = {}
        with self._asked() as consumer:
            # One by one. Asked for several at once, a broker gives one batch that is larger than
            # our limit, of the same partition each time, and nothing of the others.
            for lane, at in positions.items():
                consumer.assign([KafkaPartition(*lane, at)])
                found[lane] = _time_of(_first(consumer, lane))
            consumer.unassign()
        return {lane: seconds for lane, seconds in found.items() if seconds >= 0}

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


def _first(consumer: Consumer, lane: Lane) -> Message:
    """Return the first message of a partition, be it a record or its end."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        message = consumer.poll(_POLL_SECONDS)
        if message is not None and (message.topic(), message.partition()) == lane:
            return message
    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - the client's public name for it


def _time_of(message: Message) -> float:
    """When a record was written; below 0 at the end of a partition, and where it has no time."""
    error = message.error()
    if error is None:
        return message.timestamp()[1] / 1000
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - as above
        return -1.0
    raise KafkaException(error)


def _good(at: KafkaPartition) -> KafkaPartition:
    if at.error is not None:
        raise KafkaException(at.error)
    return at
