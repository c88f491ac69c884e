"""How far the readers of our outputs are behind, so that we can wait for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Thread

import structlog
from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from pixelprose.kafkalog.settings import KafkaSettings

ASK_SECONDS = 2.0
"""From one look at the lag to the next."""

_TIMEOUT_SECONDS = 10.0
_LATEST = -1
"""The timestamp that stands for the end of a partition (Kafka's ListOffsets)."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A group and the topic of ours that it reads, as the broker names them."""

    group: str
    topic: str


class DownstreamLag:
    """Says whether any reader is `most` records behind, until all are at most half as far.

    It asks in a thread of its own, from the first question on; while the broker does not answer,
    its last word stands.
    """

    def __init__(self, ask: Callable[[], Mapping[Reader, int]], *, most: int) -> None:
        self._ask = ask
        self._most = most
        self._behind = False
        self._closed = Event()
        self._thread = Thread(target=self._run, name="downstream-lag", daemon=True)

    def __call__(self) -> bool:
        """Whether to wait now."""
        if self._thread.ident is None:
            self._thread.start()
        return self._behind

    def close(self) -> None:
        """Ask no more."""
        self._closed.set()

    def look(self) -> None:
        """Ask once."""
        events = structlog.get_logger("downstream")
        try:
            lags = self._ask()
        except KafkaException as error:
            events.warning("lag_unknown", error=str(error))
            return
        worst = max(lags, key=lambda reader: lags[reader], default=None)
        lag = lags[worst] if worst else 0
        behind = lag >= self._most or (self._behind and lag > self._most // 2)
        if behind != self._behind and worst is not None:
            events.info("waiting" if behind else "going on", group=worst.group, lag=lag)
        self._behind = behind

    def _run(self) -> None:
        while not self._closed.is_set():
            self.look()
            self._closed.wait(ASK_SECONDS)


class Lags:
    """Counts how many records each reader is behind; a group without positions reads nothing yet.

    It asks as consumers do: requests of the admin client that time out while a broker goes away
    abort or crash the process (librdkafka #4605, #3663: `rd_kafka_enq_once_del_source_return`).
    """

    def __init__(self, settings: KafkaSettings, readers: Sequence[Reader]) -> None:
        self._settings = settings
        self._readers = tuple(readers)
        self._consumers: dict[Reader, Consumer] = {}

    def __call__(self) -> Mapping[Reader, int]:
        """Return the lag of every reader.

        Raises:
            KafkaException: the broker does not answer.
        """
        return {reader: self._lag(reader) for reader in self._readers}

    def close(self) -> None:
        """Release the clients."""
        for consumer in self._consumers.values():
            consumer.close()
        self._consumers.clear()

    def _lag(self, reader: Reader) -> int:
        consumer = self._consumer(reader)
        known = consumer.list_topics(reader.topic, timeout=_TIMEOUT_SECONDS).topics[reader.topic]
        lanes = [KafkaPartition(reader.topic, number) for number in known.partitions]
        positions = [
            _good(at)
            for at in (consumer.committed(lanes, timeout=_TIMEOUT_SECONDS) if lanes else ())
            if at.offset >= 0
        ]
        asked = [KafkaPartition(at.topic, at.partition, _LATEST) for at in positions]
        found = consumer.offsets_for_times(asked, timeout=_TIMEOUT_SECONDS) if asked else ()
        ends = {at.partition: _good(at).offset for at in found}
        return sum(max(0, ends[at.partition] - at.offset) for at in positions)

    def _consumer(self, reader: Reader) -> Consumer:
        if reader not in self._consumers:
            self._consumers[reader] = Consumer(
                {
                    **self._settings.client(),
                    "group.id": reader.group,  # to ask about; it never joins
                    "enable.auto.commit": False,
                    "isolation.level": "read_uncommitted",
                    "log_level": 0,
                }
            )
        return self._consumers[reader]


def _good(at: KafkaPartition) -> KafkaPartition:
    if at.error is not None:
        raise KafkaException(at.error)
    return at
