"""Topics and first positions: made once by an operator, never guessed by a service."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    NewTopic,
)

from pixelprose.kafkalog import KafkaSettings
from pixelprose.kafkalog.observer import Lane
from pixelprose.records.first_positions import write_first_positions
from pixelprose.records.message_limits import LIMIT, of_retry_topic, of_topic, raise_limits
from pixelprose.records.topics import Compaction, topic_list

_DAY_MS: Final = 86_400_000
_TIMEOUT_SECONDS: Final = 30.0
_SAFE_REPLICATION: Final = 3


class TopicsRefused(Exception):
    """The cluster has what contradicts the list; the message says what and what to do."""


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `initialise` did."""

    created: tuple[str, ...]
    positioned: tuple[str, ...]
    """Groups that got their first positions."""
    raised: tuple[str, ...] = ()
    """Topics that were there and took too small records; now they take what a new one would."""


def initialise(
    kafka: KafkaSettings, *, instance: str, partitions: int, replication: int
) -> Initialised:
    """Create missing topics and write the first positions of every group that has none.

    Running it again changes nothing; an existing position is never moved. First positions are the
    beginnings of the topics. An existing topic's configuration is left alone, but for a limit on
    the size of records that is too low: at that limit a service would stop, again and again.

    Raises:
        TopicsRefused: a topic has another number of partitions; nothing was done.
        KafkaException: the broker does not answer or refuses.
    """
    admin = AdminClient({**kafka.client(), "log_level": 0})
    wanted = topic_configs(kafka, replication=replication)
    existing = _existing(admin)
    _check_partitions(kafka, wanted, existing, partitions)
    missing = {
        name: config for name, config in wanted.items() if kafka.physical(name) not in existing
    }
    _create(admin, kafka, missing, partitions, replication)
    groups = [
        group
        for consumer in topic_list().consumers()
        if write_first_positions(
            kafka, group := kafka.group(consumer, instance), _lanes(kafka, consumer, partitions)
        )
    ]
    limits = {
        kafka.physical(name): int(config[LIMIT])
        for name, config in wanted.items()
        if name not in missing
    }
    return Initialised(tuple(missing), tuple(groups), raise_limits(admin, limits))


def _lanes(kafka: KafkaSettings, consumer: str, partitions: int) -> list[Lane]:
    return [
        (kafka.physical(name), number)
        for name in topic_list().read_by(consumer)
        for number in range(partitions)
    ]


def topic_configs(kafka: KafkaSettings, *, replication: int) -> dict[str, dict[str, str]]:
    """Return the configuration of every topic that is made beforehand, by logical name."""
    listed = topic_list()
    common = {"segment.ms": str(listed.segment_days * _DAY_MS)}
    if replication >= _SAFE_REPLICATION:
        common["min.insync.replicas"] = str(replication - 1)
    largest = of_topic(kafka)
    configs = {
        topic.name: common | _kept(topic.keep_days, topic.compacted) | _size(largest)
        for topic in listed.topics
    }
    dead = listed.dead_letters
    dead_config = common | _kept(dead.keep_days, None) | _size(largest * dead.size_factor)
    retry_config = common | _kept(listed.retries.keep_days, None) | _size(of_retry_topic(kafka))
    return (
        configs
        | dict.fromkeys(listed.dead_letter_topics(), dead_config)
        | dict.fromkeys(listed.retry_topics(), retry_config)
    )


def _kept(keep_days: int | None, compacted: Compaction | None) -> dict[str, str]:
    retention = {"retention.ms": str(keep_days * _DAY_MS) if keep_days else "-1"}
    if compacted is None:
        return {"cleanup.policy": "delete"} | retention
    return retention | {
        "cleanup.policy": "compact",
        "min.compaction.lag.ms": str(compacted.least_lag_days * _DAY_MS),
        "max.compaction.lag.ms": str(compacted.most_lag_days * _DAY_MS),
    }


def _size(largest_bytes: int) -> dict[str, str]:
    return {LIMIT: str(largest_bytes)}


def _existing(admin: AdminClient) -> dict[str, int]:
    topics = admin.list_topics(timeout=_TIMEOUT_SECONDS).topics
    return {name: len(topic.partitions) for name, topic in topics.items()}


def _check_partitions(
    kafka: KafkaSettings, wanted: Mapping[str, object], existing: Mapping[str, int], partitions: int
) -> None:
    for name in wanted:
        found = existing.get(kafka.physical(name), partitions)
        if found != partitions:
            raise TopicsRefused(
                f"topic {kafka.physical(name)} has {found} partitions, not {partitions}; "
                "the number is fixed at creation: give --partitions the same, "
                "or use another topic prefix"
            )


def _create(
    admin: AdminClient,
    kafka: KafkaSettings,
    missing: Mapping[str, dict[str, str]],
    partitions: int,
    replication: int,
) -> None:
    topics = [
        NewTopic(kafka.physical(name), partitions, replication, config=config)
        for name, config in missing.items()
    ]
    if not topics:
        return
    for future in admin.create_topics(topics, operation_timeout=_TIMEOUT_SECONDS).values():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
