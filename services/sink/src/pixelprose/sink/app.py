"""Wires the sink: the only place that names adapters."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from pixelprose.host import Service
from pixelprose.kafkalog import cluster_id
from pixelprose.lake import CAPTIONS, DEAD_LETTERS, IMAGES, REJECTIONS, TableSpec
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
    log_of_topics,
    topic_list,
    topic_of,
)
from pixelprose.records.groups import Group
from pixelprose.sink.codec import RowCodec, RowOf
from pixelprose.sink.delta import DeltaLakeTable, storage_options
from pixelprose.sink.gaps import Gaps
from pixelprose.sink.guarded import GuardedTable
from pixelprose.sink.letters import LetterCodec, keep_letter
from pixelprose.sink.positions import Positions
from pixelprose.sink.recent import RecentRows
from pixelprose.sink.refused import Refused
from pixelprose.sink.rows import caption_row, image_row, rejection_row
from pixelprose.sink.settings import SinkSettings
from pixelprose.sink.step import keep_caption, keep_image, keep_rejection
from pixelprose.sink.table_log import TableLog, accept, stop_at
from pixelprose.streamkit import (
    Codec,
    ExitCode,
    Inline,
    Metrics,
    Runner,
    RunnerSettings,
    Step,
    Stop,
    Unavailable,
)


def build(settings: SinkSettings, metrics: Metrics) -> Service:
    """Return the service: one runner per table.

    Raises:
        Stop: a topic is missing.
        Unavailable: broker or store does not answer.
    """
    _prepare(settings.store)
    sink = _Sink(settings, metrics)
    return Service(
        runners=(
            sink.records(CAPTIONS, CaptionAnnotated, keep_caption, caption_row),
            sink.records(IMAGES, ImageAnnotated, keep_image, image_row),
            sink.records(REJECTIONS, ImageRejected, keep_rejection, rejection_row),
            sink.dead_letters(),
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


class _Sink:
    """Makes the runner of each table."""

    def __init__(self, settings: SinkSettings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._cluster = cluster_id(settings.kafka)
        self._positions = Positions(settings.kafka)

    def records(
        self, spec: TableSpec, reads: type[Group], keep: Step[Any, Any], row_of: RowOf[Any]
    ) -> Runner[Any, Any, Any]:
        """Return the runner of a table of records."""
        records = codec_for(self._settings, service="sink", step=spec.name)
        codec = RowCodec(records, row_of, instance=self._settings.instance)
        return self._runner(spec, (topic_of(reads),), codec, keep)

    def dead_letters(self) -> Runner[Any, Any, Any]:
        """Return the runner of all dead-letter topics."""
        topics = topic_list().read_by(f"sink.{DEAD_LETTERS.name}")
        return self._runner(DEAD_LETTERS, topics, LetterCodec(cluster=self._cluster), keep_letter)

    def _runner(
        self,
        spec: TableSpec,
        topics: Sequence[str],
        codec: Codec[Any, Any, Any],
        keep: Step[Any, Any],
    ) -> Runner[Any, Any, Any]:
        name = f"sink.{spec.name}"
        return Runner(
            self._log(spec, topics, name),
            codec,
            Inline(keep),
            _flushing(self._settings),
            service=name,
            version=version("pixelprose-sink"),
            metrics=self._metrics,
        )

    def _log(self, spec: TableSpec, topics: Sequence[str], name: str) -> TableLog:
        settings = self._settings
        uri = f"s3://{settings.store.bucket}/lake/{spec.name}"
        table = DeltaLakeTable(uri, spec, storage_options(settings.store))
        table.create()
        guarded = GuardedTable(
            table,
            self._positions.app_ids(topics),
            recent=RecentRows(settings.sink.recent_rows),
            refused=Refused(self._metrics, service=name),
        )
        return TableLog(
            log_of_topics(settings, name=name, topics=topics, metrics=self._metrics),
            guarded,
            deadline_seconds=settings.sink.table_deadline_seconds,
            gaps=Gaps(guarded, self._positions.beginnings),
            on_gaps={"stop": stop_at, "accept": accept}[settings.sink.gaps],
        )


def _flushing(settings: SinkSettings) -> RunnerSettings:
    """The runner's settings with the sink's own rhythm: few large commits."""
    rows = settings.sink.flush_records
    return settings.runner.model_copy(
        update={
            "commit_seconds": settings.sink.flush_seconds,
            "max_in_flight_per_partition": rows,
            # The runner commits when half of what it may hold is ready.
            "max_in_flight": 2 * rows,
            "max_in_flight_bytes": 2 * settings.sink.flush_bytes,
        }
    )
