"""Rows that were refused: counted, and told in one line a commit."""

from collections.abc import Sequence

import structlog

from pixelprose.sink.row import Row
from pixelprose.streamkit import Metrics

_log = structlog.get_logger(__name__)


def log_refused(rows: Sequence[Row]) -> None:
    """Say how many rows were refused, and which was the first."""
    first = rows[0]
    _log.warning(
        "rows_refused",
        count=len(rows),
        row_id=first.row_id,
        topic=first.at.topic,
        partition=first.at.partition,
        offset=first.offset,
    )


class Refused:
    """Counts and tells rows of one table whose row_id it holds already."""

    def __init__(self, metrics: Metrics, *, service: str) -> None:
        self._counted = metrics.counter(
            "pixelprose_sink_rows_refused_total",
            "Rows that were not written, since their table holds their row_id already.",
            ("service",),
        ).labels(service)

    def __call__(self, rows: Sequence[Row]) -> None:
        """Take note of some rows."""
        self._counted.inc(len(rows))
        log_refused(rows)
