"""Explore: `python -m tests.schedules --count 10000 --seed 1`; the last line is one JSON object.

`--machine group --blob TEXT` runs again the one schedule that a failure has printed.
"""

import argparse
import json
import logging
import sys
import time

import structlog
from hypothesis.errors import DidNotReproduce
from tests.schedules.explore import again, explore
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
    parser.add_argument("--blob", default="", help="of one schedule, as a failure prints it")
    asked = parser.parse_args()
    if asked.blob:
        if asked.machine == "all":
            parser.error("--blob needs the --machine that it belongs to")
        return run_again(asked.machine, blob=asked.blob)
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
            print(found.told(name, again=f"make schedules MACHINE={name} N={chunk} SEED={start}"))
            return ran, False
        start += 1
    return ran, True


def run_again(name: str, *, blob: str) -> int:
    """Print how the schedule of a blob ends; 1 when it fails, as it should."""
    try:
        print(again(MACHINES[name], blob=blob).told(name))
    except DidNotReproduce as error:
        print(f"it does not fail: {error}")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
