"""Explore: `python -m tests.schedules --count 10000 --seed 1`; the last line is one JSON object."""

import argparse
import json
import logging
import sys
import time

import structlog
from tests.schedules.explore import explore
from tests.schedules.machines import MACHINES, SHARES

CHUNK = 500
"""Schedules that begin from one seed: a failure is made again by running these alone."""


def main() -> int:
    """Print how many schedules ran per machine; 1 when one of them failed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    parser = argparse.ArgumentParser(prog="make schedules")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--machine", choices=[*MACHINES, "all"], default="all")
    asked = parser.parse_args()
    names = list(MACHINES) if asked.machine == "all" else [asked.machine]
    whole = sum(SHARES[name] for name in names)
    ran: dict[str, int] = {}
    began = time.monotonic()
    for name in names:
        count = -(-asked.count * SHARES[name] // whole)
        ran[name], sound = run(name, count=count, start=asked.seed)
        seconds = round(time.monotonic() - began)
        print(f"{name:<8} {ran[name]:>6} schedules, {seconds} s so far", flush=True)
        if not sound:
            break
    failed = int(not sound)
    print(json.dumps({"schedules": sum(ran.values()), **ran, "failed": failed, "seed": asked.seed}))
    return failed


def run(name: str, *, count: int, start: int) -> tuple[int, bool]:
    """Return how many schedules of a machine ran, and whether none failed."""
    ran = 0
    while ran < count:
        chunk = min(CHUNK, count - ran)
        found = explore(MACHINES[name], schedules=chunk, start=start)
        ran += found.schedules
        if found.error is not None:
            print(found.told(again=f"make schedules MACHINE={name} N={chunk} SEED={start}"))
            return ran, False
        start += 1
    return ran, True


if __name__ == "__main__":
    sys.exit(main())
