"""Wires the sink: the only place that names adapters."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from pixelprose.host import Service
from pixelprose.kafkalog import cluster_id
from pixelprose.lake import CAPTIONS, DEAD_LETTERS, IMAGES, REJECTIONS, TableSpec
from pixelprose.objectstore import ObjectStore, probe
from pixelprose.records import (
    CaptionAnnotated,
    ImageAnnotated,
    ImageRejected,
    RecordCodec,
    codec_for,
    log_of_topics,
    open_ready,
    schema_text,
    topic_list,
    topic_of,
)
from pixelprose.records.groups import Group
from pixelprose.sink.codec import RowCodec, RowOf
from pixelprose.sink.columns import ColumnsOf, caption_columns, image_columns
from pixelprose.sink.delta import table_in
from pixelprose.sink.gaps import Gaps
from pixelprose.sink.guarded import AppId, GuardedTable
from pixelprose.sink.late import LateCodec, keep
from pixelprose.sink.letters import LetterCodec, keep_letter
from pixelprose.sink.positions import Positions
from pixelprose.sink.reading import ColumnReader, Reading, as_they_are
from pixelprose.sink.recent import RecentRows
from pixelprose.sink.refused import Refusals, Rejections, refused_rows
from pixelprose.sink.rows import caption_row, image_row, rejection_row
from pixelprose.sink.settings import SinkSettings, flushing
from pixelprose.sink.step import keep_rejection
from pixelprose.sink.table_log import TableLog, accept, stop_at
from pixelprose.streamkit import (
    Codec,
    Inline,
    Metrics,
    Runner,
    Step,
    TopicPartition,
)
from pixelprose.streamkit.letters import DeadLetters

_VERSION: Final = version("pixelprose-sink")

_Apps = Mapping[TopicPartition, AppId]
"""The partitions that a table's records are read from, and the identity of each."""


def build(settings: SinkSettings, metrics: Metrics) -> Service:
    """Return the service: one runner per table.

    Raises:
        Stop: a topic is missing.
        Unavailable: broker or store does not answer.
    """
    with ExitStack() as closing:
        store = open_ready(settings.store, closing, ready=probe)
        sink = _Sink(settings, metrics, store)
        runners = (
            sink.in_columns(CAPTIONS, CaptionAnnotated, caption_row, caption_columns),
            sink.in_columns(IMAGES, ImageAnnotated, image_row, image_columns),
            sink.rejections(),
            sink.dead_letters(),
        )
        return Service(runners=runners, close=closing.pop_all().close)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a topic's records become rows, and what becomes of those that the table refuses."""

    codec: Codec[Any, Any, Any]
    step: Step[Any, Any]
    reading: Reading[Any] = as_they_are
    reject: Rejections | None = None


class _Sink:
    """Makes the runner of each table."""

    def __init__(self, settings: SinkSettings, metrics: Metrics, store: ObjectStore) -> None:
        self._settings = settings
        self._metrics = metrics
        self._store = store
        self._cluster = cluster_id(settings.kafka)
        self._positions = Positions(settings.kafka)

    def in_columns(
        self, spec: TableSpec, reads: type[Group], row_of: RowOf[Any], columns_of: ColumnsOf
    ) -> Runner[Any, Any, Any]:
        """Return the runner of a table whose records are read together, at their commit."""
        records, rows = self._codecs(spec, row_of)
        prefix = records.prefix(reads)
        reader = ColumnReader(
            spec,
            columns_of,
            rows,
            DeadLetters(_name(spec), version=_VERSION),
            schema=schema_text(reads.__name__),
            prefix=prefix,
            instance=self._settings.instance,
            fuse_least=self._settings.runner.fuse_in_a_row,
            fuse_share=self._settings.runner.fuse_share,
        )
        way = _Way(LateCodec(rows, prefix), keep, reader, Rejections(records))
        return self._runner(spec, self._positions.app_ids((topic_of(reads),)), way)

    def rejections(self) -> Runner[Any, Any, Any]:
        """Return the runner of rejections, each of which is looked at by itself."""
        _, rows = self._codecs(REJECTIONS, rejection_row)
        apps = self._positions.app_ids((topic_of(ImageRejected),))
        return self._runner(REJECTIONS, apps, _Way(rows, keep_rejection))

    def dead_letters(self) -> Runner[Any, Any, Any]:
        """Return the runner of all dead-letter topics."""
        apps = self._positions.app_ids(topic_list().read_by(_name(DEAD_LETTERS)))
        codec = LetterCodec(cluster=self._cluster, apps=apps)
        return self._runner(DEAD_LETTERS, apps, _Way(codec, keep_letter))

    def _codecs(self, spec: TableSpec, row_of: RowOf[Any]) -> tuple[RecordCodec, RowCodec[Any]]:
        records = codec_for(self._settings, service="sink", step=spec.name)
        return records, RowCodec(records, row_of, instance=self._settings.instance)

    def _runner(self, spec: TableSpec, apps: _Apps, way: _Way) -> Runner[Any, Any, Any]:
        return Runner(
            self._log(spec, apps, way),
            way.codec,
            Inline(way.step),
            flushing(self._settings.sink, self._settings.runner),
            service=_name(spec),
            version=_VERSION,
            metrics=self._metrics,
        )

    def _log(self, spec: TableSpec, apps: _Apps, way: _Way) -> TableLog[Any]:
        settings, name = self._settings, _name(spec)
        table = table_in(self._store, settings.store, spec)
        table.create()
        guarded = GuardedTable(table, apps, recent=RecentRows(settings.sink.recent_rows))
        topics = sorted({at.topic for at in apps})
        return TableLog(
            log_of_topics(settings, name=name, topics=topics, metrics=self._metrics),
            guarded,
            reading=way.reading,
            refusals=Refusals(way.reject, refused_rows(self._metrics, service=name)),
            deadline_seconds=settings.sink.table_deadline_seconds,
            gaps=Gaps(guarded, self._positions),
            on_gaps={"stop": stop_at, "accept": accept}[settings.sink.gaps],
        )


def _name(spec: TableSpec) -> str:
    return f"sink.{spec.name}"
