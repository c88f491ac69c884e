"""From settings to a runner on Kafka: what every service's `build` ends with."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pixelprose.kafkalog import (
    DownstreamLag,
    KafkaLog,
    KafkaSettings,
    Lags,
    Reader,
    StableOffsetWatch,
    UnreadWatch,
    cluster_id,
    partition_count,
)
from pixelprose.kafkalog.observer import Observer
from pixelprose.records.codec import Passing, RecordCodec
from pixelprose.records.groups import Group
from pixelprose.records.registry import Registry
from pixelprose.records.settings import StreamSettings
from pixelprose.records.topics import record_class, topic_list, topic_of
from pixelprose.streamkit import Metrics, Retries, Runner, TopicPartition, Worker
from pixelprose.streamkit.metrics.names import STALLED, UNREAD


def unwatched(_: Collection[TopicPartition]) -> None:
    """Of a service that does not care how many partitions it has."""


def _nothing() -> None:
    """Close nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of a service at work, without a log: records go in, outcomes come out.

    Attributes:
        reads: record whose topic it reads.
        canonical: as of `RecordCodec`.
        owning: told which partitions are its own.
        close: lets go of what the step holds, after the worker was closed.
    """

    service: str
    reads: type[Group]
    worker: Worker[Any, Any]
    step: str | None = None
    canonical: Callable[[str], str] = str
    owning: Callable[[Collection[TopicPartition]], None] = unwatched
    close: Callable[[], None] = _nothing

    @property
    def name(self) -> str:
        """The service, with its step where it has several."""
        return f"{self.service}.{self.step}" if self.step else self.service


def runner_for(
    settings: StreamSettings, stage: Stage, *, metrics: Metrics
) -> Runner[Any, Any, Any]:
    """Return a runner that reads the topic of the stage's record and writes to every topic.

    Its group is `<prefix><service>[.<step>].<instance>`, so steps keep their positions whether they
    run in one process or apart.

    Raises:
        Stop: the registry does not know our schemas.
        Unavailable: broker or registry does not answer.
    """
    name = stage.name
    codec = codec_for(settings, service=stage.service, step=stage.step, canonical=stage.canonical)
    return Runner(
        kafka_log(settings, name=name, reads=stage.reads, metrics=metrics),
        codec,
        stage.worker,
        settings.runner,
        service=name,
        version=version_of(stage.service),
        metrics=metrics,
        retries=Retries(topic_list().retry_tiers(name)),
        held_back=held_back(settings, name=name),
        owning=stage.owning,
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
    keeps = keep_seconds(settings.kafka, topics)
    return KafkaLog(
        settings.kafka,
        topics=topics,
        service=name,
        instance=settings.instance,
        slot=settings.slot,
        watch=watch,
        unread=unread_watch(settings, name=name, keeps=keeps, metrics=metrics) if keeps else None,
    )


def unread_watch(
    settings: StreamSettings, *, name: str, keeps: Mapping[str, float], metrics: Metrics
) -> UnreadWatch:
    """Return what tells how near the unread records of `name` are to being deleted."""
    kafka = settings.kafka
    group = kafka.group(name, settings.instance)
    return UnreadWatch(
        Observer(kafka.client(), group=group, isolation="read_committed"),
        keeps=keeps,
        tell=metrics.gauge_of(UNREAD).labels(name).set,
        now=time.time,
    )


def keep_seconds(kafka: KafkaSettings, topics: Collection[str]) -> Mapping[str, float]:
    """Return for how long topics keep records, by their names on the broker, as we make them.

    What an operator changed there later is not known here: only an admin client could ask, and
    none is at work in a service (see `Observer`). `pixelprose doctor` asks.
    """
    days = topic_list().keep_days_by_topic()
    return {kafka.physical(topic): days[topic] * 86_400.0 for topic in topics if topic in days}


def codec_for(
    settings: StreamSettings,
    *,
    service: str,
    step: str | None = None,
    canonical: Callable[[str], str] = str,
    cluster: str | None = None,
) -> RecordCodec:
    """Return the codec of a service, with the ids of all schemas that it will need.

    `cluster` is the id of the Kafka cluster; without it, the broker is asked.

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
        cluster=cluster or cluster_id(settings.kafka),
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
