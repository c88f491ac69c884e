"""What is counted of our manners."""

from dataclasses import dataclass

from prometheus_client import Counter, Gauge

from pixelprose.streamkit import Metrics


@dataclass(frozen=True, slots=True)
class MannersMeters:
    """Who is left alone, and where sites' files came from; the runner counts what is put off."""

    backing_off: Gauge
    broken: Gauge
    robots: Counter
    reservations: Counter

    def robots_from(self, source: str) -> None:
        """A robots.txt was needed and came from there."""
        self.robots.labels(source).inc()

    def reservations_from(self, source: str) -> None:
        """A tdmrep.json was needed and came from there."""
        self.reservations.labels(source).inc()


def manners_meters(metrics: Metrics) -> MannersMeters:
    """Register them."""
    return MannersMeters(
        backing_off=metrics.gauge(
            "pixelprose_ingester_domains_backing_off",
            "Registrable domains that this process leaves alone now.",
        ),
        broken=metrics.gauge(
            "pixelprose_ingester_breakers_open",
            "Registrable domains of which nothing was answered since too many failures.",
        ),
        robots=metrics.counter(
            "pixelprose_ingester_robots_total",
            "Looks at a robots.txt, by where it came from: memory, store, web.",
            ("source",),
        ),
        reservations=metrics.counter(
            "pixelprose_ingester_tdm_files_total",
            "Looks at a tdmrep.json, by where it came from: memory, store, web.",
            ("source",),
        ),
    )
