"""What some work costs: the least of some rounds, since neighbours only add."""

import time
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")

Figures = dict[str, float]


def least(
    figures: Figures, name: str, work: Callable[[], R], *, per: int = 1, rounds: int = 3
) -> R:
    """Do it some times, and note microseconds of processor and of wall time by `per`."""
    results: list[R] = []
    for _ in range(rounds):
        results.clear()  # a commit's memory is free again before the next one
        cpu, wall = time.process_time(), time.perf_counter()
        results.append(work())
        for kind, took in (
            ("cpu_us", time.process_time() - cpu),
            ("wall_us", time.perf_counter() - wall),
        ):
            key, figure = f"{name}_{kind}", took / per * 1e6
            figures[key] = min(figures.get(key, figure), figure)
    return results[0]


def ratios(figures: Figures, name: str, over: str, under: str) -> None:
    """Note how two of the figures compare."""
    for kind in ("cpu_us", "wall_us"):
        key = f"{name}_{kind.removesuffix('_us')}"
        figures[key] = figures[f"{over}_{kind}"] / figures[f"{under}_{kind}"]
