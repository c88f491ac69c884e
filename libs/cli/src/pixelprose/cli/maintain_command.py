"""`pixelprose table maintain`: compaction and vacuum by the clock, as a process of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Final

import structlog

from pixelprose.cli.errors import WrongUsage
from pixelprose.cli.lake_settings import open_lake
from pixelprose.cli.stopping import asked_to_stop
from pixelprose.curator import LakeError, Maintained, Maintenance
from pixelprose.host.health import HealthServer
from pixelprose.host.logs import configure_logs
from pixelprose.lake import TABLES
from pixelprose.streamkit import Metrics

_log = structlog.get_logger("maintain")

_TABLE: Final = ("table",)


class MaintenanceMetrics:
    """What was done to each table, and when it was last done without trouble."""

    def __init__(self, metrics: Metrics, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._compacted = metrics.counter(
            "pixelprose_table_files_compacted_total", "Small files that became large ones.", _TABLE
        )
        self._freed = metrics.counter(
            "pixelprose_table_freed_bytes_total", "Bytes of files that a vacuum deleted.", _TABLE
        )
        self._troubles = metrics.counter(
            "pixelprose_table_troubles_total", "Steps that could not be done this time.", _TABLE
        )
        self._files = metrics.gauge("pixelprose_table_files", "Files of the table.", _TABLE)
        self._maintained = metrics.gauge(
            "pixelprose_table_maintained_timestamp_seconds",
            "When a table was last gone through without trouble, Unix time. Alarm when it is old.",
            _TABLE,
        )

    def add(self, done: Maintained) -> None:
        """Take note of one table's pass."""
        self._compacted.labels(done.table).inc(done.compacted)
        self._freed.labels(done.table).inc(done.freed_bytes)
        self._troubles.labels(done.table).inc(len(done.troubles))
        if done.files is not None:
            self._files.labels(done.table).set(done.files)
        if not done.troubles:
            self._maintained.labels(done.table).set(self._now())


@dataclass(frozen=True, slots=True)
class Rounds:
    """Passes over the tables until somebody asks to stop; the first begins at once."""

    maintenance: Maintenance
    table: str | None
    every: timedelta
    metrics: MaintenanceMetrics

    def run(self, asked: Event) -> None:
        """Go round, and tell each pass in one line."""
        while not asked.is_set():
            self.once()
            asked.wait(self.every.total_seconds())

    def once(self) -> None:
        """Go once over the tables."""
        began = time.monotonic()
        done: list[Maintained] = []
        troubles: list[str] = []
        try:
            for one in self.maintenance.run(self.table):
                self.metrics.add(one)
                done.append(one)
                troubles += one.troubles
        except LakeError as error:
            # No sink has made a table yet, or the store is away.
            troubles.append(str(error))
        tell = _log.warning if troubles else _log.info
        tell(
            "maintained",
            tables=[one.table for one in done],
            compacted=sum(one.compacted for one in done),
            made=sum(one.made for one in done),
            freed=sum(one.freed for one in done),
            freed_bytes=sum(one.freed_bytes for one in done),
            troubles=troubles,
            seconds=round(time.monotonic() - began, 1),
        )


def run_maintain(
    config: Path | None, table: str | None, *, every: timedelta, target_mb: int, retain_days: float
) -> None:
    """Look after the tables until SIGTERM or Ctrl-C; the day in work is finished first.

    Raises:
        WrongUsage: no table has that name.
        Stop: the port for health and metrics is taken.
    """
    names = [spec.name for spec in TABLES]
    if table is not None and table not in names:
        raise WrongUsage(f"no table {table!r}; the tables are {', '.join(names)}")
    with asked_to_stop() as asked, open_lake(config) as (lake, settings):
        configure_logs(settings.log, service="maintain")
        metrics = Metrics()
        rounds = Rounds(
            Maintenance(
                lake,
                target_bytes=target_mb * 1024**2,
                retention=timedelta(days=retain_days),
                stopping=asked.is_set,
            ),
            table,
            every,
            MaintenanceMetrics(metrics),
        )
        health = HealthServer(
            settings.http, {"/livez": lambda: True, "/readyz": lambda: not asked.is_set()}, metrics
        )
        _log.info("listening", host=settings.http.host, port=health.port)
        try:
            rounds.run(asked)
        finally:
            health.close()
        _log.info("stopped")
