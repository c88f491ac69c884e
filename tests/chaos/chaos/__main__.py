"""`python -m chaos`: run schedules, print the page, and fail on any violation."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from chaos.report import print_page
from chaos.results import read
from chaos.running import run_all
from chaos.settings import Run


def main() -> int:
    """The exit code: 0 if every promise was kept."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="of the first; each next has one more")
    parser.add_argument("--models", choices=("canary", "demo"), default="canary")
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--faults", type=int, default=12)
    parser.add_argument("--feed-seconds", type=float, default=70.0)
    parser.add_argument("--folder", type=Path, default=Path("build/chaos"))
    parser.add_argument(
        "--page", type=Path, nargs="+", metavar="FILE", help="of results.jsonl files; run nothing"
    )
    given = parser.parse_args()
    if given.page:
        return int(not print_page(Console(), given.models, [read(one) for one in given.page]))
    folder = given.folder / f"{given.models}-{given.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run = Run(
        folder=folder.absolute(),
        seed=given.seed,
        schedules=given.schedules,
        models=given.models,
        submissions=given.submissions,
        faults=given.faults,
        feed_seconds=given.feed_seconds,
    )
    with _clients_heard_in(folder / "clients.log"):
        lines = run_all(run, console := Console())
        return int(not print_page(console, run.models, [lines], asked=run.schedules))


@contextmanager
def _clients_heard_in(file: Path) -> Iterator[None]:
    """Send what Kafka's clients print about lost brokers there: it is no news here."""
    sys.stderr.flush()
    usual = os.dup(sys.stderr.fileno())
    with file.open("wb") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(usual, sys.stderr.fileno())
            os.close(usual)


if __name__ == "__main__":
    sys.exit(main())
