"""Wires the sink: the only place that names adapters."""

from importlib.metadata import version
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from pixelprose.host import Service
from pixelprose.lake import CAPTIONS, IMAGES, REJECTIONS, TableSpec
from pixelprose.objectstore import (
    StoreRefused,
    StoreSettings,
    StoreUnavailable,
    open_store,
    probe,
)
from pixelprose.records import (
    CaptionAnnotated,
    ImageAnnotated,
    ImageRejected,
    codec_for,
    kafka_log,
    topic_of,
)
from pixelprose.records.groups import Group
from pixelprose.sink.codec import RowCodec, RowOf
from pixelprose.sink.delta import DeltaLakeTable, storage_options
from pixelprose.sink.guarded import AppId, GuardedTable
from pixelprose.sink.rows import caption_row, image_row, rejection_row
from pixelprose.sink.settings import SinkSettings
from pixelprose.sink.step import keep_caption, keep_image, keep_rejection
from pixelprose.sink.table_log import TableLog
from pixelprose.streamkit import (
    ExitCode,
    Inline,
    Metrics,
    Runner,
    RunnerSettings,
    Step,
    Stop,
    TopicPartition,
    Unavailable,
)

_ASK_SECONDS = 30.0


def build(settings: SinkSettings, metrics: Metrics) -> Service:
    """Return the service: one runner per table.

    Raises:
        Stop: a topic is missing.
        Unavailable: broker or store does not answer.
    """
    _prepare(settings.store)
    return Service(
        runners=(
            _runner(settings, metrics, CAPTIONS, CaptionAnnotated, keep_caption, caption_row),
            _runner(settings, metrics, IMAGES, ImageAnnotated, keep_image, image_row),
            _runner(settings, metrics, REJECTIONS, ImageRejected, keep_rejection, rejection_row),
        )
    )


def _prepare(settings: StoreSettings) -> None:
    store = open_store(settings)
    try:
        probe(store)
    except StoreUnavailable as error:
        raise Unavailable("store", str(error)) from error
    except StoreRefused as error:
        detail = f"the store refuses us: {error}; check the settings of `store`"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
    finally:
        store.close()


def _runner(
    settings: SinkSettings,
    metrics: Metrics,
    spec: TableSpec,
    reads: type[Group],
    keep: Step[Any, Any],
    row_of: RowOf[Any],
) -> Runner[Any, Any, Any]:
    uri = f"s3://{settings.store.bucket}/lake/{spec.name}"
    table = DeltaLakeTable(uri, spec, storage_options(settings.store))
    table.create()
    name = f"sink.{spec.name}"
    log = TableLog(
        kafka_log(settings, name=name, reads=reads, metrics=metrics),
        GuardedTable(table, app_ids(settings, topic_of(reads))),
        deadline_seconds=settings.sink.table_deadline_seconds,
    )
    codec = RowCodec(codec_for(settings, service="sink", step=spec.name), row_of)
    return Runner(
        log,
        codec,
        Inline(keep),
        _flushing(settings),
        service=name,
        version=version("pixelprose-sink"),
        metrics=metrics,
    )


def _flushing(settings: SinkSettings) -> RunnerSettings:
    """The runner's settings with the sink's own rhythm: few large commits."""
    rows = settings.sink.flush_records
    return settings.runner.model_copy(
        update={
            "commit_seconds": settings.sink.flush_seconds,
            "max_in_flight_per_partition": rows,
            "max_in_flight": 2 * rows,
        }
    )


def app_ids(settings: SinkSettings, topic: str) -> dict[TopicPartition, AppId]:
    """Return the identity of each partition: cluster id, topic UUID, number.

    Raises:
        Stop: the topic is not there.
        Unavailable: the broker does not answer.
    """
    admin = AdminClient(settings.kafka.client())
    physical = settings.kafka.physical(topic)
    try:
        cluster = admin.list_topics(timeout=_ASK_SECONDS).cluster_id
        asked = admin.describe_topics(TopicCollection([physical]), request_timeout=_ASK_SECONDS)
    except KafkaException as error:
        raise Unavailable("kafka", str(error)) from error
    try:
        found = asked[physical].result()
    except KafkaException as error:
        detail = f"topic {physical}: {error}; run `pixelprose topics init` once"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
    return {
        TopicPartition(topic, lane.id): f"{cluster}/{found.topic_id}/{lane.id}"
        for lane in found.partitions
    }
