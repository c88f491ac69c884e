"""A small schedule on the real servers: the whole harness, and the promises, in every test run."""

from pathlib import Path

import pytest
from rich.console import Console

from chaos.report import print_page, told
from chaos.running import run_all
from chaos.settings import Run

pytestmark = [pytest.mark.real, pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_small_storm_breaks_no_promise(tmp_path: Path) -> None:
    run = Run(folder=tmp_path, seed=4, schedules=1, submissions=60, faults=4, feed_seconds=12.0)
    ((result, usage),) = run_all(run, Console(quiet=True))
    assert result.violations == (), told(tmp_path / "seed-4")
    assert print_page(Console(quiet=True), run.models, [[(result, usage)]])
    assert result.submissions == 60
    assert len(result.faults) == 4
    assert result.positions_checked > 60
    assert result.rows > 20
