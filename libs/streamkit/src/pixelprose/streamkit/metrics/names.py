"""Every metric of the runner, in one list; README repeats it and a test compares them.

Services add their own through `Metrics.counter`, `gauge` and `histogram`. Labels are bounded:
`service` is the runner's name, `reason` and `dependency` come from checked lists in code.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class MetricName:
    """A name with its meaning; `_seconds` and `_bytes` say the unit."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ("service",)
    buckets: tuple[float, ...] = ()


RECORDS = MetricName(
    "pixelprose_records_total",
    "counter",
    "Records committed, by outcome: emitted, rejected, put_off, skipped or dead_letter.",
    ("service", "outcome"),
)
REASONS = MetricName(
    "pixelprose_reasons_total",
    "counter",
    "Records committed that were not emitted, by outcome and reason.",
    ("service", "outcome", "reason"),
)
COMMITS = MetricName(
    "pixelprose_commits_total",
    "counter",
    "Commits, by result: committed, or aborted (the same work is committed again).",
    ("service", "result"),
)
COMMIT_SECONDS = MetricName(
    "pixelprose_commit_seconds",
    "histogram",
    "How long one commit took.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0),
)
STEP_SECONDS = MetricName(
    "pixelprose_step_seconds",
    "histogram",
    "From a record's begin in the worker to its outcome, waiting for a free worker included.",
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0),
)
RETRIES = MetricName(
    "pixelprose_retries_total",
    "counter",
    "Steps tried again because a dependency did not answer.",
    ("service", "dependency"),
)
IN_FLIGHT = MetricName("pixelprose_in_flight_records", "gauge", "Records read but not committed.")
IN_FLIGHT_BYTES = MetricName(
    "pixelprose_in_flight_bytes", "gauge", "Keys and values of the records read but not committed."
)
HELD = MetricName(
    "pixelprose_held_dead_letters",
    "gauge",
    "Dead letters of unknown errors that wait for a later success before they are committed.",
)
ASSIGNED = MetricName(
    "pixelprose_assigned_partitions", "gauge", "Partitions that this process reads."
)
PAUSED = MetricName("pixelprose_paused_partitions", "gauge", "Partitions that are full now.")
HELD_BACK = MetricName(
    "pixelprose_held_back",
    "gauge",
    "1 while a reader of our outputs is so far behind that we wait.",
)
SUSPECTS = MetricName(
    "pixelprose_suspect_partitions",
    "gauge",
    "Partitions whose records are tried one at a time, because processes died on them.",
)
ASLEEP = MetricName(
    "pixelprose_retry_partitions_waiting",
    "gauge",
    "Partitions of retry topics whose next record is not due.",
)
OLDEST_AGE = MetricName(
    "pixelprose_oldest_record_age_seconds",
    "gauge",
    "Age, by broker time, of the oldest record read but not committed; 0 when there is none. "
    "Of unread ones `pixelprose_oldest_unread_age_ratio` knows.",
)
UNREAD = MetricName(
    "pixelprose_oldest_unread_age_ratio",
    "gauge",
    "Age of the oldest record behind the committed position, over how long its topic keeps "
    "records: the highest of the partitions that this process reads, looked at every 10 s; 0 when "
    "all is read. Alarm above 0.5; above 0.9 records are about to be deleted unread.",
)
STALLED = MetricName(
    "pixelprose_stable_offset_stalled_seconds",
    "gauge",
    "How long this process has seen a partition of its input stand still below its end because of "
    "an open transaction. Alarm above 75: the transaction's time-out is over, it hangs.",
)

RUNNER_METRICS = (
    RECORDS,
    REASONS,
    COMMITS,
    COMMIT_SECONDS,
    STEP_SECONDS,
    RETRIES,
    IN_FLIGHT,
    IN_FLIGHT_BYTES,
    HELD,
    ASSIGNED,
    PAUSED,
    HELD_BACK,
    SUSPECTS,
    ASLEEP,
    OLDEST_AGE,
    UNREAD,
    STALLED,
)
