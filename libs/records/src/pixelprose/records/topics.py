"""The topics of `schemas/topics.yaml`, by logical names: without a deployment's prefix."""

from collections.abc import Mapping
from functools import cache
from typing import Literal

import msgspec

from pixelprose.records import records as classes
from pixelprose.records.files import SchemaFolder, packaged
from pixelprose.records.groups import Group
from pixelprose.streamkit import Tier


class Compaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a superseded value may go, and when it must, in days after it was written."""

    least_lag_days: int
    most_lag_days: int


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One topic.

    Attributes:
        name: without a deployment's prefix.
        record: class of its values.
        key: what its keys are, for people.
        producers, consumers: `service[.step]`.
        keep_days: null where values are kept for ever, or until they are superseded.
        compacted: null where every value is kept.
        access: internal values hold personal data; restricted ones are for reviewers alone.
    """

    name: str
    record: str
    key: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    keep_days: int | None = None
    compacted: Compaction | None = None
    access: Literal["public", "normal", "internal", "restricted"] = "normal"


class DeadLetterTopics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How dead-letter topics are named and kept, and who reads all of them."""

    pattern: str
    keep_days: int
    size_factor: int
    consumers: tuple[str, ...] = ()


class RetryTopics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How retry topics are named and kept.

    Attributes:
        tiers: name to delay in seconds, the shortest first.
        consumers: `service[.step]` that put records off.
    """

    pattern: str
    tiers: Mapping[str, int]
    keep_days: int
    consumers: tuple[str, ...]


class Topics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole list."""

    partitions: int
    laptop_partitions: int
    compatibility: Literal["FULL_TRANSITIVE"]
    segment_days: int
    topics: tuple[Topic, ...]
    dead_letters: DeadLetterTopics
    retries: RetryTopics
    owners: Mapping[str, tuple[str, ...]]

    def by_name(self) -> Mapping[str, Topic]:
        """Return the topics by name."""
        return {topic.name: topic for topic in self.topics}

    def dead_letter_topics(self) -> tuple[str, ...]:
        """Return the name of every dead-letter topic."""
        return tuple(
            self.dead_letters.pattern.format(topic=topic.name, consumer=consumer)
            for topic in self.topics
            for consumer in topic.consumers
        )

    def keep_days_by_topic(self) -> Mapping[str, int]:
        """Return for how many days each topic keeps its records, where these end by age."""
        listed = {topic.name: topic.keep_days for topic in self.topics if topic.keep_days}
        return (
            listed
            | dict.fromkeys(self.dead_letter_topics(), self.dead_letters.keep_days)
            | dict.fromkeys(self.retry_topics(), self.retries.keep_days)
        )

    def retry_tiers(self, consumer: str) -> tuple[Tier, ...]:
        """Return the retry topics of a `service[.step]`, the shortest delay first."""
        if consumer not in self.retries.consumers:
            return ()
        return tuple(
            Tier(self.retries.pattern.format(topic=topic.name, consumer=consumer, tier=tier), delay)
            for topic in self.topics
            if consumer in topic.consumers
            for tier, delay in self.retries.tiers.items()
        )

    def retry_topics(self) -> tuple[str, ...]:
        """Return the name of every retry topic."""
        return tuple(
            tier.topic for consumer in self.retries.consumers for tier in self.retry_tiers(consumer)
        )

    def read_by(self, consumer: str) -> tuple[str, ...]:
        """Return the topics that a `service[.step]` reads in its group, retry topics included."""
        if consumer in self.dead_letters.consumers:
            return self.dead_letter_topics()
        listed = [topic.name for topic in self.topics if consumer in topic.consumers]
        return (*listed, *(tier.topic for tier in self.retry_tiers(consumer)))

    def consumers(self) -> tuple[str, ...]:
        """Return every `service[.step]` that reads in a group of its own."""
        of_topics = (consumer for topic in self.topics for consumer in topic.consumers)
        return (*of_topics, *self.dead_letters.consumers)

    def downstream_of(self, producer: str) -> tuple[tuple[str, str], ...]:
        """Return who reads what a `service[.step]` writes: consumer and topic."""
        return tuple(
            (consumer, topic.name)
            for topic in self.topics
            if producer in topic.producers
            for consumer in topic.consumers
        )

    def records_of(self, consumer: str) -> tuple[str, ...]:
        """Return the records, by class name, that a `service[.step]` reads or writes."""
        return tuple(
            topic.record
            for topic in self.topics
            if consumer in (*topic.consumers, *topic.producers)
        )


@cache
def topic_list() -> Topics:
    """Return the list, read once.

    Raises:
        msgspec.ValidationError: the file is not what it must be.
    """
    return topics_in(packaged())


def topics_in(folder: SchemaFolder) -> Topics:
    """Return the list of a folder.

    Raises:
        msgspec.ValidationError: the file is not what it must be.
    """
    return msgspec.convert(folder.yaml("topics.yaml"), Topics)


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
        KeyError: no such topic.
    """
    return record_class(topic_list().by_name()[topic].record)


def record_class(name: str) -> type[Group]:
    """Return a record's class by its name.

    Raises:
        AttributeError: no such class.
    """
    record: type[Group] = getattr(classes, name)
    return record
