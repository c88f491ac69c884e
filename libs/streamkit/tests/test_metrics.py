import re
from pathlib import Path

import pytest

from pixelprose.streamkit import ExitCode, Metrics
from pixelprose.streamkit.metrics.names import RUNNER_METRICS

README = Path(__file__).parents[1] / "README.md"


def test_the_readme_lists_every_metric_with_its_kind_and_labels() -> None:
    rows = re.findall(r"^\| `(pixelprose_\w+)` \| (\w+) \| ([\w, ]+) \|", README.read_text(), re.M)
    assert rows == [(m.name, m.kind, ", ".join(m.labels)) for m in RUNNER_METRICS]


def test_the_readme_lists_every_exit_code() -> None:
    rows = re.findall(r"^\| (\d+) \| ([a-z_]+) \|", README.read_text(), re.M)
    assert rows == [(str(int(code)), code.name.lower()) for code in ExitCode]


def test_units_and_counters_are_named_as_prometheus_wants() -> None:
    for metric in RUNNER_METRICS:
        assert (metric.kind == "counter") == metric.name.endswith("_total")


def test_asking_again_gives_the_same_metric() -> None:
    metrics = Metrics()
    assert metrics.gauge("pixelprose_x", "X.") is metrics.gauge("pixelprose_x", "X.")


def test_one_name_with_two_meanings_is_refused() -> None:
    metrics = Metrics()
    metrics.gauge("pixelprose_x", "X.")
    with pytest.raises(ValueError, match="another meaning"):
        metrics.gauge("pixelprose_x", "Y.")
    with pytest.raises(ValueError, match="another meaning"):
        metrics.histogram("pixelprose_x", "X.")


def test_a_name_of_somebody_else_is_refused() -> None:
    with pytest.raises(ValueError, match="does not begin with pixelprose_"):
        Metrics().counter("other_total", "Other.")
