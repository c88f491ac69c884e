"""`make bench NAME=sink`: each part in turn, its figures and ratios, then one JSON object."""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from functools import partial

from bench.sink.growth import growth
from bench.sink.lookups import lookups
from bench.sink.memory import memory
from bench.sink.meter import Figures
from bench.sink.throughput import throughput

_FEWEST_COMMITS = 2_000
"""Else a hundredth of them is too few to be timed."""

Parts = Mapping[str, Callable[[], Figures]]


def main() -> None:
    """Measure and print."""
    given = _given()
    figures: dict[str, float] = {}
    for name, measure in _parts(given).items():
        if name.split(".")[0] not in given.only:
            continue
        print(f"{name} ...", flush=True)
        began, cpu = time.monotonic(), time.process_time()
        found = measure()
        for figure, value in found.items():
            print(f"  {figure:32}{value:14,.3f}", flush=True)
            figures[f"{name}.{figure}"] = round(value, 3)
        took, busy = time.monotonic() - began, time.process_time() - cpu
        print(f"{name}: {took:.0f} s, {busy:.0f} s of processor time", flush=True)
    print(json.dumps(figures))


def _parts(given: argparse.Namespace) -> Parts:
    return {
        "throughput": partial(throughput, rows=given.batch, rounds=given.rounds),
        **{
            f"memory.{rows}": partial(memory, rows=rows, commits=given.memory_commits)
            for rows in given.buffers
        },
        "growth.alone": partial(growth, commits=given.commits, compacted=False),
        "growth.compacted": partial(growth, commits=given.commits, compacted=True),
        "lookups": partial(lookups, rows=given.rows, rounds=given.rounds),
    }


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.sink", description=__doc__)
    parts = ("throughput", "memory", "growth", "lookups")
    parser.add_argument("--only", nargs="*", choices=parts, default=parts)
    parser.add_argument("--rounds", type=int, default=3, help="of which the least counts")
    parser.add_argument("--batch", type=int, default=20_000, help="rows of a commit")
    parser.add_argument(
        "--buffers", nargs="*", type=int, default=[2_500, 5_000, 10_000, 20_000], help="in rows"
    )
    parser.add_argument("--memory-commits", type=int, default=6, help="of each buffer")
    parser.add_argument("--commits", type=int, default=10_000, help="of the growing table")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the table that is asked")
    given = parser.parse_args()
    if given.commits < _FEWEST_COMMITS:
        parser.error(f"--commits: at least {_FEWEST_COMMITS}")
    return given


if __name__ == "__main__":
    main()
