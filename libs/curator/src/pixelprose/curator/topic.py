"""The topic that feeds a table, read once from its first kept record to the table's positions."""

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
)
from confluent_kafka import Message as KafkaMessage
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    OffsetSpec,
)

from pixelprose.curator.errors import LakeError
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import topic_list

_ASK_SECONDS = 30.0
_SILENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class TopicRecord:
    """One committed record of the topic."""

    partition: int
    offset: int
    value: bytes
    event_id: str | None
    """The header `ce_id`."""
    at: datetime
    """Its time on the topic."""


def identities(kafka: KafkaSettings, topics: Collection[str]) -> dict[str, str]:
    """Return the names of those topics that are there, by `cluster id/topic UUID/`.

    Raises:
        KafkaException: the broker does not answer.
    """
    admin = AdminClient({**kafka.client(), "log_level": 0})
    cluster = admin.list_topics(timeout=_ASK_SECONDS).cluster_id
    named = {kafka.physical(topic): topic for topic in topics}
    asked = admin.describe_topics(TopicCollection(list(named)), request_timeout=_ASK_SECONDS)
    found = {}
    for name, answer in asked.items():
        try:
            found[f"{cluster}/{answer.result().topic_id}/"] = named[name]
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
    return found


class Topic:
    """One topic of one cluster; a topic of the same name made anew has another identity."""

    def __init__(self, kafka: KafkaSettings, logical: str) -> None:
        self._kafka = kafka
        self.logical = logical
        self.name = kafka.physical(logical)
        self.is_compacted = any(
            topic.name == logical and topic.compacted for topic in topic_list().topics
        )
        self._admin = AdminClient({**kafka.client(), "log_level": 0})

    def identity(self) -> str:
        """Return `cluster id/topic UUID/`: what the app ids of its partitions begin with.

        Raises:
            LakeError: there is no such topic.
            KafkaException: the broker does not answer.
        """
        for identity in identities(self._kafka, [self.logical]):
            return identity
        raise LakeError(f"there is no topic {self.name}")

    def now(self) -> Mapping[int, int]:
        """Return all its partitions, each up to whatever it holds: what `records` reads."""
        known = self._admin.list_topics(self.name, timeout=_ASK_SECONDS).topics[self.name]
        return dict.fromkeys(known.partitions, sys.maxsize)

    def first_kept(self, partitions: Mapping[int, int]) -> Mapping[int, int]:
        """Return the first offset that each of these partitions still holds."""
        earliest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
        asked = {KafkaPartition(self.name, partition): earliest for partition in partitions}
        found = self._admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=_ASK_SECONDS
        )
        return {at.partition: future.result().offset for at, future in found.items()}

    def records(self, upto: Mapping[int, int]) -> Iterator[TopicRecord]:
        """Yield the committed records at or below these offsets, partition by partition mixed.

        Raises:
            LakeError: the broker stops answering.
            KafkaException: the broker refuses.
        """
        consumer = Consumer(
            {
                **self._kafka.client(),
                "group.id": "pixelprose-check",  # required by the client; never committed
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
            }
        )
        try:
            first = self.first_kept(upto)
            consumer.assign([KafkaPartition(self.name, lane, first[lane]) for lane in upto])
            yield from self._read(consumer, dict(upto))
        finally:
            consumer.close()

    def _read(self, consumer: Consumer, left: dict[int, int]) -> Iterator[TopicRecord]:
        while left:
            # Not `consume`: it waits for its whole time to fill a batch.
            message = consumer.poll(_SILENCE_SECONDS)
            if message is None:
                raise LakeError(f"topic {self.name}: the broker stopped answering; run it again")
            lane, offset = message.partition() or 0, message.offset() or 0
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's public name for it
                raise KafkaException(error)
            if lane in left and error is None and offset <= left[lane]:
                yield _record(message, lane, offset)
            if error is not None or offset >= left.get(lane, offset):
                left.pop(lane, None)


def _record(message: KafkaMessage, partition: int, offset: int) -> TopicRecord:
    # The stubs allow a dict here; a consumer is given pairs.
    value = message.value() or b""
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    event = dict(headers).get("ce_id")
    return TopicRecord(
        partition,
        offset,
        value,
        event_id=event.decode(errors="replace") if event else None,
        at=datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
    )
