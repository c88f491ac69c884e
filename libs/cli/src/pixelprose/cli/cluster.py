"""What a cluster says about topics and groups."""

from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    OffsetSpec,
)

from pixelprose.kafkalog import Configuration

_TIMEOUT_SECONDS = 15.0

Lane = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class Ends:
    """First and last offsets of one partition; `stable` is where read_committed readers stop."""

    first: int
    stable: int
    last: int


class Cluster:
    """Asks an admin client; every answer is taken at one moment and may be old at once."""

    def __init__(self, client: Configuration) -> None:
        self._admin = AdminClient({**client, "log_level": 0})

    def partitions(self) -> dict[str, list[int]]:
        """Return every topic with its partitions.

        Raises:
            KafkaException: the broker does not answer.
        """
        metadata = self._admin.list_topics(timeout=_TIMEOUT_SECONDS)
        return {name: sorted(topic.partitions) for name, topic in metadata.topics.items()}

    def ends(self, lanes: Iterable[Lane]) -> dict[Lane, Ends]:
        """Return the offsets of each partition."""
        lanes = list(lanes)
        first = self._offsets(lanes, OffsetSpec.earliest(), IsolationLevel.READ_UNCOMMITTED)  # type: ignore[no-untyped-call]
        last = self._offsets(lanes, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED)  # type: ignore[no-untyped-call]
        stable = self._offsets(lanes, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)  # type: ignore[no-untyped-call]
        return {lane: Ends(first[lane], stable[lane], last[lane]) for lane in lanes}

    def positions(self, group: str) -> dict[Lane, int]:
        """Return the committed positions of a group; empty when it has none."""
        asked = [ConsumerGroupTopicPartitions(group)]
        future = self._admin.list_consumer_group_offsets(asked, request_timeout=_TIMEOUT_SECONDS)[
            group
        ]
        try:
            found = future.result().topic_partitions or ()
        except KafkaException:
            return {}
        return {(at.topic, at.partition): at.offset for at in found if at.offset >= 0}

    def _offsets(
        self, lanes: list[Lane], spec: OffsetSpec, isolation: IsolationLevel
    ) -> dict[Lane, int]:
        asked = {KafkaPartition(topic, partition): spec for topic, partition in lanes}
        if not asked:
            return {}
        futures = self._admin.list_offsets(
            asked, isolation_level=isolation, request_timeout=_TIMEOUT_SECONDS
        )
        return {(at.topic, at.partition): future.result().offset for at, future in futures.items()}
