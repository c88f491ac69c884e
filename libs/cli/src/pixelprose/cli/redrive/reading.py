"""Reading spans of topics, each message of them, or an error: a gap is never passed over."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from pixelprose.cli.cluster import Cluster, Ends
from pixelprose.cli.errors import CommandError
from pixelprose.kafkalog import KafkaSettings
from pixelprose.kafkalog.message import to_message
from pixelprose.streamkit import Message, TopicPartition

_BATCH: Final = 500
_ASK_SECONDS: Final = 0.1
_SILENCE_SECONDS: Final = 75.0
"""Longer than the timeout of a transaction, after which the broker itself ends it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets from `first` up to and without `end`."""

    first: int
    end: int


Spans = Mapping[TopicPartition, Span]


def spans(kafka: KafkaSettings, topics: frozenset[str]) -> dict[TopicPartition, Span]:
    """Return what the topics hold that is committed now; one that is not there holds nothing.

    What lies behind an open transaction does not count: a service at work has one nearly always.
    """
    return {at: Span(ends.first, ends.stable) for at, ends in _ends(kafka, topics).items()}


def whole(kafka: KafkaSettings, topics: frozenset[str]) -> dict[TopicPartition, Span]:
    """Return all that the topics hold now, to be read as soon as it is committed."""
    return {at: Span(ends.first, ends.last) for at, ends in _ends(kafka, topics).items()}


def _ends(kafka: KafkaSettings, topics: frozenset[str]) -> dict[TopicPartition, Ends]:
    cluster = Cluster(kafka.client())
    known = cluster.partitions()
    lanes = {
        (kafka.physical(topic), number): TopicPartition(topic, number)
        for topic in topics
        for number in known.get(kafka.physical(topic), [])
    }
    ends = cluster.ends(lanes)
    return {at: ends[lane] for lane, at in lanes.items()}


def read(
    kafka: KafkaSettings,
    wanted: Spans,
    *,
    silence_seconds: float = _SILENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Message]:
    """Yield every committed message of the spans that is still kept.

    Raises:
        CommandError: the broker does not give all of it, such as behind an open transaction.
        KafkaException: the broker refuses.
    """
    lanes = {(kafka.physical(at.topic), at.partition): at for at in wanted}
    left = {at: span.end for at, span in wanted.items() if span.first < span.end}
    consumer = Consumer(_configuration(kafka))
    try:
        consumer.assign(
            [
                KafkaPartition(kafka.physical(at.topic), at.partition, wanted[at].first)
                for at in left
            ]
        )
        heard = clock()
        while left:
            if clock() - heard > silence_seconds:
                raise CommandError(_hidden(left))
            for raw in consumer.consume(_BATCH, _ASK_SECONDS):
                at, offset = lanes[raw.topic() or "", raw.partition() or 0], raw.offset() or 0
                if (error := raw.error()) is not None:
                    if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's name
                        raise KafkaException(error)
                elif offset < wanted[at].end:
                    heard = clock()
                    yield to_message(raw, at)
                    offset += 1
                if offset >= wanted[at].end:
                    left.pop(at, None)
    finally:
        consumer.close()


def _configuration(kafka: KafkaSettings) -> dict[str, str | int | float | bool]:
    return {
        **kafka.client(),
        "group.id": kafka.physical("redrive-reader"),  # required by the client; never committed
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        # What retention took away since the offsets were asked for is gone, and nothing else.
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "fetch.wait.max.ms": 50,
    }


def _hidden(left: Mapping[TopicPartition, int]) -> str:
    some = next(iter(left))
    return (
        f"{some.topic} {some.partition} can't be read to its end ({len(left)} partitions in all): "
        "a transaction is open there, or the broker is silent; `pixelprose status` shows which"
    )
