"""Committed positions and ends of topics, asked as a consumer.

Not through the admin client: librdkafka 2.16 aborts the process (`rd_kafka_enq_once_del_source`)
when its list requests time out while a broker goes away, and here brokers go away.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from confluent_kafka import Consumer, KafkaException, TopicPartition

from chaos.pipeline import Step

_ASK_SECONDS = 2.0
_LATEST = -1
"""The timestamp that stands for the end of a partition (Kafka's ListOffsets)."""

Lane = tuple[str, int]
"""A topic, without the schedule's prefix, and a partition."""

Isolation = Literal["read_committed", "read_uncommitted"]


class Positions:
    """Asks for one schedule's groups and topics."""

    def __init__(
        self, client: Mapping[str, Any], *, prefix: str, steps: Sequence[Step], partitions: int
    ) -> None:
        self._prefix = prefix
        self._partitions = range(partitions)
        # read_committed also makes the question for positions wait for open transactions.
        self._of = {
            group: _Asked(client, f"{prefix}{group}.live", "read_committed")
            for group in dict.fromkeys(step.group for step in steps)
        }
        self._steps = tuple(steps)
        self._stable = _Asked(client, f"{prefix}chaos", "read_committed")
        self._highest = _Asked(client, f"{prefix}chaos", "read_uncommitted")

    def committed(self) -> dict[str, dict[int, int]]:
        """The position of every group, by the step's name, where there is one.

        Raises:
            KafkaException: the broker does not answer.
        """
        found: dict[str, dict[int, int]] = {step.name: {} for step in self._steps}
        for group, asked in self._of.items():
            names = {
                f"{self._prefix}{one.reads}": one.name for one in self._steps if one.group == group
            }
            lanes = [
                lane for one in self._steps if one.group == group for lane in self._lanes(one.reads)
            ]
            with asked.client() as consumer:
                answers = consumer.committed(lanes, timeout=_ASK_SECONDS)
            for one in answers:
                if one.offset >= 0 and one.error is None:
                    found[names[one.topic]][one.partition] = one.offset
        return found

    def stable_ends(self, topics: Sequence[str]) -> dict[Lane, int]:
        """How far a read_committed reader can come: the last stable offsets.

        Raises:
            KafkaException: the broker does not answer.
        """
        return self._ends(self._stable, topics)

    def ends(self, topics: Sequence[str]) -> dict[Lane, int]:
        """The ends of the topics, markers and open transactions included, as a scaler sees them.

        Raises:
            KafkaException: the broker does not answer.
        """
        return self._ends(self._highest, topics)

    def close(self) -> None:
        """Release the clients."""
        for asked in (*self._of.values(), self._stable, self._highest):
            asked.close()

    def _ends(self, asked: "_Asked", topics: Sequence[str]) -> dict[Lane, int]:
        lanes = [lane for topic in topics for lane in self._lanes(topic)]
        with asked.client() as consumer:
            found = list(map(_good, consumer.offsets_for_times(lanes, timeout=_ASK_SECONDS)))
        return {(one.topic.removeprefix(self._prefix), one.partition): one.offset for one in found}

    def _lanes(self, topic: str) -> list[TopicPartition]:
        return [
            TopicPartition(f"{self._prefix}{topic}", partition, _LATEST)
            for partition in self._partitions
        ]


def _good(one: TopicPartition) -> TopicPartition:
    if one.error is not None:
        raise KafkaException(one.error)
    return one


class _Asked:
    """A client for questions, made anew after each that was not answered.

    One that lost its broker may hold on to an epoch that is no longer so, for ever.
    """

    def __init__(self, client: Mapping[str, Any], group: str, isolation: Isolation) -> None:
        self._settings = {
            **client,
            "group.id": group,  # to ask about, never to join
            "enable.auto.commit": False,
            "isolation.level": isolation,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
        }
        self._consumer: Consumer | None = None

    @contextmanager
    def client(self) -> Iterator[Consumer]:
        if self._consumer is None:
            self._consumer = Consumer(self._settings)
        try:
            yield self._consumer
        except KafkaException:
            self.close()
            raise

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
