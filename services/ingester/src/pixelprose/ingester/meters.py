"""What the ingester counts beside the runner's own metrics."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from prometheus_client import Counter, Gauge, Histogram

from pixelprose.ingester.session import Part
from pixelprose.streamkit import Metrics

Stage = Literal["receipt", "fetch", "decode", "hash", "keep", "settle", "claim"]
Trip = Literal[
    "get_receipt",
    "put_original",
    "put_rendition",
    "put_receipt",
    "get_standing_receipt",
    "put_claim",
    "get_owner",
    "get_robots",
    "put_robots",
    "get_tdm_file",
    "put_tdm_file",
]

FETCHED: Final = "fetched"
RECENT: Final = 1_000
"""Fetches that the share of successes is taken of."""

ALARM_BELOW: Final = 0.2
"""Share of successes: even lists of old URLs do better, a broken network does not."""

SAYS_NOTHING: Final = frozenset(
    {"forbidden_source", "host_backing_off", "host_busy", "opted_out", "robots_disallowed"}
)
"""Ends of fetches that are not in the share: nobody was asked, or a publisher said no."""

NO_IMAGE: Final = frozenset({"not_an_image", "truncated"})
"""Ends of decodes that are no success of the network: a page in its place, or half of it."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(slots=True)
class Stopwatch:
    """Observes the time between entering and leaving."""

    seconds: Histogram
    clock: Callable[[], float]
    began: float = 0.0

    def __enter__(self) -> None:
        """Start."""
        self.began = self.clock()

    def __exit__(self, *_: object) -> None:
        """Stop, and observe."""
        self.seconds.observe(self.clock() - self.began)


@dataclass(frozen=True, slots=True)
class Meters:
    """How fetches end, where an image's time goes, and what the store is asked for."""

    fetches: Counter
    bytes: Counter
    success_share: Gauge
    stage_seconds: Histogram
    request_seconds: Histogram
    trips: Counter
    clock: Callable[[], float] = time.perf_counter
    # Looking for a child by its label takes as long as all else that a stage costs.
    _stages: dict[Stage, Histogram] = field(default_factory=dict)
    _recent: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))

    def stage(self, stage: Stage) -> "Stopwatch":
        """Observe how long the inside takes, waiting included."""
        if (found := self._stages.get(stage)) is None:
            found = self._stages[stage] = self.stage_seconds.labels(stage)
        return Stopwatch(found, self.clock)

    def fetch_ended(self, outcome: str, *, bytes: int) -> None:  # noqa: A002 - the unit
        """A fetch came back: `fetched`, or a reason of `refusal.Reason`."""
        self.fetches.labels(outcome).inc()
        self.bytes.inc(bytes)
        if outcome != FETCHED and outcome not in SAYS_NOTHING:
            self._noted(success=False)

    def decoded(self, reason: str | None) -> None:
        """A body was looked at, and refused for `reason` if there is one."""
        self._noted(success=reason not in NO_IMAGE)

    def _noted(self, *, success: bool) -> None:
        self._recent.append(success)
        self.success_share.set(sum(self._recent) / len(self._recent))

    def timed(self, part: Part, seconds: float) -> None:
        """A request got through this part of it."""
        self.request_seconds.labels(part).observe(seconds)

    def trip(self, kind: Trip) -> None:
        """The store is asked once."""
        self.trips.labels(kind).inc()


def meters(metrics: Metrics) -> Meters:
    """Register the ingester's metrics."""
    share = metrics.gauge(
        "pixelprose_ingester_success_share",
        f"Share of the last {RECENT} fetches that brought an image; those that asked nobody, and "
        "a publisher's no, are left out. "
        f"Alarm below {ALARM_BELOW}: the network, a proxy or a block, not the web.",
    )
    share.set(1.0)
    return Meters(
        fetches=metrics.counter(
            "pixelprose_ingester_fetches_total",
            "Fetches, by outcome: fetched, or the reason why not.",
            ("outcome",),
        ),
        bytes=metrics.counter("pixelprose_ingester_fetched_bytes_total", "Bytes of whole bodies."),
        success_share=share,
        stage_seconds=metrics.histogram(
            "pixelprose_ingester_stage_seconds",
            "Time of one stage of one image, waiting for its turn included: "
            "receipt, fetch, decode, hash, keep, settle, claim.",
            ("stage",),
            buckets=_SECONDS,
        ),
        request_seconds=metrics.histogram(
            "pixelprose_ingester_request_seconds",
            "Time of one part of one request: dns, dial (with TLS; both only of new connections), "
            "first_byte (until the head of the answer is here), body.",
            ("part",),
            buckets=_SECONDS,
        ),
        trips=metrics.counter(
            "pixelprose_ingester_store_requests_total",
            "Round trips to the store, by kind.",
            ("kind",),
        ),
    )
