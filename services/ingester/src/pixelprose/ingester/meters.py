"""What the ingester counts beside the runner's own metrics."""

from dataclasses import dataclass

from prometheus_client import Counter, Histogram

from pixelprose.streamkit import Metrics

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Meters:
    """Where an image's time goes."""

    fetch_seconds: Histogram
    fetched_bytes: Counter
    decode_seconds: Histogram
    store_seconds: Histogram


def meters(metrics: Metrics) -> Meters:
    """Register the ingester's metrics."""
    return Meters(
        fetch_seconds=metrics.histogram(
            "pixelprose_ingester_fetch_seconds",
            "A fetch, refused ones and the wait for a turn at the host included.",
            buckets=_SECONDS,
        ),
        fetched_bytes=metrics.counter(
            "pixelprose_ingester_fetched_bytes_total", "Bytes of whole bodies."
        ),
        decode_seconds=metrics.histogram(
            "pixelprose_ingester_decode_seconds",
            "A decode, the wait for a free decoder included.",
            buckets=_SECONDS,
        ),
        store_seconds=metrics.histogram(
            "pixelprose_ingester_store_seconds",
            "Putting an image into quarantine, both objects.",
            buckets=_SECONDS,
        ),
    )
