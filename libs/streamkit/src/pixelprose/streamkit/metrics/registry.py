"""The metrics of one process: a registry of its own, and no name twice with two meanings."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from pixelprose.streamkit.metrics.names import MetricName


class Metrics:
    """Counters, gauges and histograms by name; asking again returns the same one.

    Raises:
        ValueError: a name was registered before with another meaning, or does not begin with
            `pixelprose_`.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._made: dict[str, tuple[MetricName, Counter | Gauge | Histogram]] = {}

    def counter(self, name: str, help: str, labels: Sequence[str] = ()) -> Counter:  # noqa: A002 - Prometheus' word
        """A number that only grows; its name ends in `_total`."""
        return self.counter_of(MetricName(name, "counter", help, tuple(labels)))

    def gauge(self, name: str, help: str, labels: Sequence[str] = ()) -> Gauge:  # noqa: A002 - Prometheus' word
        """A number that goes up and down."""
        return self.gauge_of(MetricName(name, "gauge", help, tuple(labels)))

    def histogram(
        self,
        name: str,
        help: str,  # noqa: A002 - Prometheus' word
        labels: Sequence[str] = (),
        *,
        buckets: Sequence[float] = Histogram.DEFAULT_BUCKETS,
    ) -> Histogram:
        """Counts of observations at or below each of `buckets`."""
        return self.histogram_of(MetricName(name, "histogram", help, tuple(labels), tuple(buckets)))

    def counter_of(self, name: MetricName) -> Counter:
        """The counter of a documented name."""
        made = self._make(name)
        assert isinstance(made, Counter)  # noqa: S101 - `_make` goes by the kind
        return made

    def gauge_of(self, name: MetricName) -> Gauge:
        """The gauge of a documented name."""
        made = self._make(name)
        assert isinstance(made, Gauge)  # noqa: S101 - `_make` goes by the kind
        return made

    def histogram_of(self, name: MetricName) -> Histogram:
        """The histogram of a documented name."""
        made = self._make(name)
        assert isinstance(made, Histogram)  # noqa: S101 - `_make` goes by the kind
        return made

    def names(self) -> tuple[MetricName, ...]:
        """Everything that was registered, in order."""
        return tuple(name for name, _ in self._made.values())

    def exposition(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)

    def _make(self, name: MetricName) -> Counter | Gauge | Histogram:
        if name.name in self._made:
            known, made = self._made[name.name]
            if known != name:
                raise ValueError(f"{name.name} is registered already, with another meaning")
            return made
        if not name.name.startswith("pixelprose_"):
            raise ValueError(f"{name.name} does not begin with pixelprose_")
        made = self._construct(name)
        self._made[name.name] = (name, made)
        return made

    def _construct(self, name: MetricName) -> Counter | Gauge | Histogram:
        match name.kind:
            case "counter":
                return Counter(name.name, name.help, name.labels, registry=self._registry)
            case "gauge":
                return Gauge(name.name, name.help, name.labels, registry=self._registry)
            case "histogram":
                return Histogram(
                    name.name,
                    name.help,
                    name.labels,
                    buckets=name.buckets or Histogram.DEFAULT_BUCKETS,
                    registry=self._registry,
                )
