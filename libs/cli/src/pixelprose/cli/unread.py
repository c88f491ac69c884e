"""The record that is nearest to being deleted before its reader comes to it."""

import time
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    ConfigResource,
    ResourceType,
)

from pixelprose.cli.cluster import Lane
from pixelprose.kafkalog import KafkaSettings
from pixelprose.kafkalog.observer import Observer
from pixelprose.kafkalog.unread import shares

_TIMEOUT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Oldest:
    """The record at a group's position, and its age over the `keeps` seconds of its topic."""

    group: str
    lane: Lane
    share: float
    keeps: float


def oldest_unread(
    kafka: KafkaSettings, admin: AdminClient, behind: Mapping[str, Collection[Lane]]
) -> Oldest | None:
    """Return the record with the highest share, of groups and partitions they are behind on.

    Topics count that end by age, by the configuration that is in force.

    Raises:
        KafkaException: the broker does not answer.
    """
    keeps = _keeps(admin, {topic for lanes in behind.values() for topic, _ in lanes})
    found: list[Oldest] = []
    for group, lanes in behind.items():
        observer = Observer(kafka.client(), group=group, isolation="read_committed")
        with closing(observer) as asked:
            told = shares(asked, lanes, keeps=keeps, now=time.time())
        found += [Oldest(group, lane, share, keeps[lane[0]]) for lane, share in told.items()]
    return max(found, key=lambda one: one.share, default=None)


def advice_for(one: Oldest, *, servers: str) -> str:
    """Return what to do before the record is deleted."""
    topic, partition = one.lane
    longer = round(2_000 * one.keeps)
    return (
        f"{one.group} reads {topic} {partition}: start more replicas, at most one for each "
        f"partition, or keep records longer: kafka-configs.sh --bootstrap-server {servers} --alter "
        f"--topic {topic} --add-config retention.ms={longer}"
    )


def _keeps(admin: AdminClient, topics: Collection[str]) -> Mapping[str, float]:
    """Return for how many seconds topics keep their records, where these end by age."""
    if not topics:
        return {}
    asked = [ConfigResource(ResourceType.TOPIC, topic) for topic in sorted(topics)]
    found = {
        resource.name: future.result(_TIMEOUT_SECONDS)
        for resource, future in admin.describe_configs(asked).items()
    }
    return {
        topic: milliseconds / 1_000
        for topic, config in found.items()
        if "delete" in config["cleanup.policy"].value
        and (milliseconds := int(config["retention.ms"].value)) > 0
    }
