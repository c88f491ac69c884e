"""The topics of `schemas/topics.yaml`, by logical names: without a deployment's prefix."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from pixelprose.records import records as classes
from pixelprose.records.files import read_yaml
from pixelprose.records.groups import Group


class Compaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds of a compacted topic, in days."""

    least_lag_days: int
    most_lag_days: int
    segment_days: int


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One topic. `record` is null where the value is no Avro record."""

    name: str
    record: str | None
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    keep_days: int | None
    compacted: Compaction | None = None
    public: bool = False
    internal: bool = False
    restricted: bool = False


class DeadLetterTopics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How dead-letter topics are named and kept."""

    pattern: str
    keep_days: int
    size_factor: int


class RetryTopics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How retry topics are named and kept."""

    pattern: str
    tiers: tuple[str, ...]
    keep_days: int


class Topics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole list."""

    partitions: int
    laptop_partitions: int
    compatibility: str
    topics: tuple[Topic, ...]
    dead_letters: DeadLetterTopics
    retries: RetryTopics

    def by_name(self) -> Mapping[str, Topic]:
        """Return the topics by name."""
        return {topic.name: topic for topic in self.topics}

    def dead_letter_topics(self) -> tuple[str, ...]:
        """Return the name of every dead-letter topic."""
        pattern = self.dead_letters.pattern
        return tuple(
            pattern.format(topic=topic.name, consumer=consumer)
            for topic in self.topics
            for consumer in topic.consumers
        )


@cache
def topic_list() -> Topics:
    """Return the list, read once.

    Raises:
        msgspec.ValidationError: the file is not what it must be.
    """
    document: Any = read_yaml("topics.yaml")
    return msgspec.convert(document, Topics)


@cache
def topic_of(record: type[Group]) -> str:
    """Return the topic of a record class.

    Raises:
        KeyError: the class is no topic's record.
    """
    return topic_of_name(record.__name__)


@cache
def topic_of_name(record: str) -> str:
    """Return the topic of a record class by the class's name.

    Raises:
        KeyError: the class is no topic's record.
    """
    return {topic.record: topic.name for topic in topic_list().topics}[record]


@cache
def record_of(topic: str) -> type[Group]:
    """Return the record class of a topic.

    Raises:
        KeyError: no such topic, or it holds no record.
    """
    name = topic_list().by_name()[topic].record
    if name is None:
        raise KeyError(topic)
    record: type[Group] = getattr(classes, name)
    return record
