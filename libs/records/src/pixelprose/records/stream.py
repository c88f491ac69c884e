"""From settings to a runner on Kafka: what every service's `build` ends with."""

import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pixelprose.kafkalog import (
    DownstreamLag,
    KafkaLog,
    Lags,
    Reader,
    StableOffsetWatch,
    cluster_id,
    partition_count,
)
from pixelprose.records.codec import Passing, RecordCodec
from pixelprose.records.groups import Group
from pixelprose.records.registry import Registry
from pixelprose.records.settings import StreamSettings
from pixelprose.records.topics import record_class, topic_list, topic_of
from pixelprose.streamkit import Metrics, Retries, Runner, TopicPartition, Worker
from pixelprose.streamkit.metrics.names import STALLED


def unwatched(_: Collection[TopicPartition]) -> None:
    """Of a service that does not care how many partitions it has."""


def runner_for(  # noqa: PLR0913 - what differs between services, each by name
    settings: StreamSettings,
    *,
    service: str,
    reads: type[Group],
    worker: Worker[Any, Any],
    metrics: Metrics,
    step: str | None = None,
    canonical: Callable[[str], str] = str,
    owning: Callable[[Collection[TopicPartition]], None] = unwatched,
) -> Runner[Any, Any, Any]:
    """Return a runner that reads the topic of `reads` and writes to every topic.

    Its group is `<prefix><service>[.<step>].<instance>`, so steps keep their positions whether they
    run in one process or apart.

    Raises:
        Stop: the registry does not know our schemas.
        Unavailable: broker or registry does not answer.
    """
    name = f"{service}.{step}" if step else service
    codec = codec_for(settings, service=service, step=step, canonical=canonical)
    return Runner(
        kafka_log(settings, name=name, reads=reads, metrics=metrics),
        codec,
        worker,
        settings.runner,
        service=name,
        version=version_of(service),
        metrics=metrics,
        retries=Retries(topic_list().retry_tiers(name)),
        held_back=held_back(settings, name=name),
        owning=owning,
    )


def lanes_of(settings: StreamSettings, *, name: str) -> int:
    """Return the partitions of all topics that `name` reads; what its replicas share.

    Raises:
        Unavailable: the broker does not answer.
    """
    return partition_count(settings.kafka, topic_list().read_by(name))


def held_back(settings: StreamSettings, *, name: str) -> Callable[[], bool]:
    """Return what says whether `name` must wait for those that read its outputs."""
    kafka, most = settings.kafka, settings.runner.max_downstream_lag
    if most is None:
        return lambda: False
    readers = [
        Reader(kafka.group(consumer, settings.instance), kafka.physical(topic))
        for consumer, topic in topic_list().downstream_of(name)
    ]
    return DownstreamLag(Lags(kafka, readers), most=most)


def kafka_log(
    settings: StreamSettings, *, name: str, reads: type[Group], metrics: Metrics
) -> KafkaLog:
    """Return the log of one topic, and its retry topics, for the group of `name`, not connected."""
    topics = (topic_of(reads), *(t.topic for t in topic_list().retry_tiers(name)))
    return log_of_topics(settings, name=name, topics=topics, metrics=metrics)


def log_of_topics(
    settings: StreamSettings, *, name: str, topics: Sequence[str], metrics: Metrics
) -> KafkaLog:
    """Return the log of these topics for the group of `name`, not connected."""
    stalled = metrics.gauge_of(STALLED).labels(name)
    watch = StableOffsetWatch(settings.kafka, topics=topics, tell=stalled.set, clock=time.monotonic)
    return KafkaLog(
        settings.kafka,
        topics=topics,
        service=name,
        instance=settings.instance,
        slot=settings.slot,
        watch=watch,
    )


def codec_for(
    settings: StreamSettings,
    *,
    service: str,
    step: str | None = None,
    canonical: Callable[[str], str] = str,
) -> RecordCodec:
    """Return the codec of a service, with the ids of all schemas that it will need.

    Raises:
        Stop: the registry does not know our schemas.
        Unavailable: broker or registry does not answer.
    """
    name = f"{service}.{step}" if step else service
    passing = Passing(
        service=name,
        stage=service,
        version=version_of(service),
        instance=settings.instance,
        cluster=cluster_id(settings.kafka),
    )
    codec = RecordCodec(
        passing, Registry(settings.registry), now=lambda: datetime.now(UTC), canonical=canonical
    )
    codec.prepare(record_class(record) for record in topic_list().records_of(name))
    return codec


def version_of(service: str) -> str:
    """Return the version of an installed service; `0+source` for a source tree on the path."""
    try:
        return version(f"pixelprose-{service}")
    except PackageNotFoundError:
        return "0+source"
