"""The runner's metrics with its name filled in."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pixelprose.streamkit.flow import Flow
from pixelprose.streamkit.metrics import names
from pixelprose.streamkit.metrics.registry import Metrics
from pixelprose.streamkit.verdict import EMITTED
from pixelprose.streamkit.window import Entry, Windows


class RunnerMetrics:
    """Counts what was committed, by batch, and shows what is in flight."""

    def __init__(self, metrics: Metrics, *, service: str) -> None:
        self._service = service
        self._records = metrics.counter_of(names.RECORDS)
        self._reasons = metrics.counter_of(names.REASONS)
        self._commits = metrics.counter_of(names.COMMITS)
        self._retries = metrics.counter_of(names.RETRIES)
        self._commit_seconds = metrics.histogram_of(names.COMMIT_SECONDS).labels(service)
        self.step_seconds = metrics.histogram_of(names.STEP_SECONDS).labels(service)
        self._records_in_flight = metrics.gauge_of(names.IN_FLIGHT).labels(service)
        self._bytes_in_flight = metrics.gauge_of(names.IN_FLIGHT_BYTES).labels(service)
        self._held = metrics.gauge_of(names.HELD).labels(service)
        self._assigned = metrics.gauge_of(names.ASSIGNED).labels(service)
        self._paused = metrics.gauge_of(names.PAUSED).labels(service)
        self._held_back = metrics.gauge_of(names.HELD_BACK).labels(service)
        self._suspects = metrics.gauge_of(names.SUSPECTS).labels(service)
        self._asleep = metrics.gauge_of(names.ASLEEP).labels(service)
        self._oldest_age = metrics.gauge_of(names.OLDEST_AGE).labels(service)

    def committed(self, entries: Sequence[Entry[Any, Any, Any]], *, seconds: float) -> None:
        """These records reached their end."""
        self._commits.labels(self._service, "committed").inc()
        self._commit_seconds.observe(seconds)
        ends = Counter((e.verdict.outcome, e.verdict.reason) for e in entries if e.verdict)
        for (outcome, reason), count in ends.items():
            self._records.labels(self._service, outcome).inc(count)
            if outcome != EMITTED:
                self._reasons.labels(self._service, outcome, reason).inc(count)

    def aborted(self) -> None:
        """A commit did not happen."""
        self._commits.labels(self._service, "aborted").inc()

    def retried(self, dependency: str) -> None:
        """A step will be tried again."""
        self._retries.labels(self._service, dependency).inc()

    def show(
        self,
        windows: Windows[Any, Any, Any],
        *,
        held: int,
        asleep: int,
        flow: Flow,
        now: datetime,
    ) -> None:
        """Set the gauges; `held` counts dead letters held back, `asleep` partitions not due."""
        self._records_in_flight.set(windows.records)
        self._bytes_in_flight.set(windows.bytes)
        self._held.set(held)
        self._assigned.set(len(windows.partitions))
        self._paused.set(len(flow.paused))
        self._held_back.set(flow.held_back)
        self._asleep.set(asleep)
        self._suspects.set(sum(window.suspect for _, window in windows.items()))
        firsts = [(*w.ready[:1], *list(w.waiting)[:1]) for _, w in windows.items()]
        oldest = min((first[0].message.timestamp for first in firsts if first), default=now)
        self._oldest_age.set(max(0.0, (now - oldest).total_seconds()))
