"""What came of a schedule."""

import traceback
from dataclasses import dataclass

from chaos.history import Fault, Violation
from chaos.usage import Life


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a schedule.

    Attributes:
        urls_changed: how often a URL was asked again and answered otherwise.
        put_off: records on retry topics.
        held_back: how often a service began to wait for those that read its outputs.
    """

    seed: int
    seconds: float
    submissions: int
    rows: int
    rejections: int
    faults: tuple[Fault, ...]
    violations: tuple[Violation, ...]
    samples: int
    positions_checked: int
    exits: dict[str, int]
    lives: tuple[Life, ...] = ()
    urls_changed: int = 0
    put_off: int = 0
    held_back: int = 0


def broken_off(seed: int, error: Exception, *, seconds: float) -> Result:
    """Of a schedule that could not go on: nothing that it saw counts, and it is a violation."""
    told = "".join(traceback.format_exception(error))
    return Result(
        seed=seed,
        seconds=seconds,
        submissions=0,
        rows=0,
        rejections=0,
        faults=(),
        violations=(Violation("harness", told),),
        samples=0,
        positions_checked=0,
        exits={},
    )
