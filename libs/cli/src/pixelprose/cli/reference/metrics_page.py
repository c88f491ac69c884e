"""Every metric, as the services register it."""

from collections.abc import Callable, Iterator

from pixelprose.cli.maintain_command import MaintenanceMetrics
from pixelprose.cli.reference.markdown import code, codes, table, title
from pixelprose.ingester.manners.meters import manners_meters
from pixelprose.ingester.meters import meters
from pixelprose.sink.refused import refused_rows
from pixelprose.streamkit import Metrics
from pixelprose.streamkit.metrics.names import RUNNER_METRICS, MetricName

_HEAD = """\
Each service serves them at `/metrics` on `http.host`:`http.port`, in Prometheus' text format.
Labels are bounded: `service` is the service with its step, `reason` one of the [codes](codes.md),
the others are listed where they are explained.
"""


def page() -> str:
    """Return the page."""
    return "\n".join(
        [
            title("Metrics", source="the metrics that services register"),
            _HEAD,
            "## Every service\n",
            _table(RUNNER_METRICS),
            "## `ingester`\n",
            _table(_registered(meters, manners_meters)),
            "## `sink`\n",
            _table(_registered(lambda metrics: refused_rows(metrics, service="sink"))),
            "## `pixelprose table maintain`\n",
            _table(_registered(MaintenanceMetrics)),
        ]
    )


def _registered(*registrars: Callable[[Metrics], object]) -> Iterator[MetricName]:
    metrics = Metrics()
    for register in registrars:
        register(metrics)
    yield from metrics.names()


def _table(metrics: Iterator[MetricName] | tuple[MetricName, ...]) -> str:
    rows = ((code(one.name), one.kind, codes(one.labels), one.help) for one in metrics)
    return table(("metric", "kind", "labels", "what it counts"), rows)
