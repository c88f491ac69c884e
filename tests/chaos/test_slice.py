"""A small schedule on the real servers: the whole harness, and the promises, in every test run."""

from pathlib import Path

import pytest
from rich.console import Console

from chaos.report import told
from chaos.running import run_all
from chaos.settings import Run

pytestmark = [pytest.mark.real, pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_small_storm_breaks_no_promise(tmp_path: Path) -> None:
    run = Run(folder=tmp_path, seed=3, schedules=1, submissions=60, faults=4, feed_seconds=12.0)
    (result,) = run_all(run, Console(quiet=True))
    assert result.violations == (), told(tmp_path / "seed-3")
    assert result.submissions == 60
    assert len(result.faults) == 4
    assert result.positions_checked > 60
    assert result.rows > 20
