"""The nemesis: from a seed to faults, one after another."""

import math
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from chaos.faults import KINDS, LONG, OFTEN, Kind
from chaos.history import Fault
from chaos.pipeline import Step
from chaos.recovery import MOST_SECONDS, recovery
from chaos.world import World

_WAIT_SECONDS: Final = 30.0
"""For the pipeline to recover before the next fault."""

_AT_ONCE: Final = 0.25
"""Share of faults that come before the pipeline has recovered from the one before."""


def chosen(seed: int, *, faults: int) -> tuple[str, ...]:
    """The kinds of a schedule in order; all kinds come before any comes again, but for `OFTEN`."""
    rng = random.Random(seed)
    often = [rng.choice(OFTEN) for _ in range(faults // 4)]
    rest = [
        name
        for _ in range(faults // len(KINDS) + 1)
        for name in rng.sample(list(KINDS), len(KINDS))
    ]
    kinds = [*often, *rest[: faults - len(often)]]
    rng.shuffle(kinds)
    return tuple(kinds)


def beside_of(seed: int, *, long_stop_every: int) -> tuple[str, ...]:
    """The kinds that go on beside the others: a long stop in every so many seeds."""
    return tuple(LONG) if seed % long_stop_every == 0 else ()


@dataclass(frozen=True, slots=True)
class Inflicted:
    """A fault that was done; `waited` is whether the next one came only after recovery."""

    kind: str
    target: str
    began: float
    ended: float
    steps: Sequence[Step]
    waited: bool


@dataclass(slots=True)
class Nemesis:
    """Inflicts faults and keeps their record; `fed_until` is when the last submission came."""

    world: World
    rng: random.Random
    fed_until: Callable[[], float | None]
    inflicted: list[Inflicted] = field(default_factory=list)

    def run(self, kinds: Sequence[str], *, beside: Sequence[str]) -> None:
        """Inflict all of them, one after another, and those `beside` at the same time."""
        with ThreadPoolExecutor(len(LONG)) as threads:
            others = [
                threads.submit(self._inflict, name, LONG[name], random.Random(self.rng.random()))
                for name in beside
            ]
            for name in kinds:
                self._inflict(name, KINDS[name], self.rng)
                time.sleep(self.rng.uniform(0.2, 1.0))
            for other in others:
                other.result()

    def faults(self) -> tuple[Fault, ...]:
        """The record, with recoveries as the samples until now show them."""
        return tuple(
            Fault(one.kind, one.target, one.began, one.ended, self._recovery(one))
            for one in self.inflicted
        )

    def _inflict(self, name: str, kind: Kind, rng: random.Random) -> None:
        at_once = rng.random() < _AT_ONCE
        began = time.monotonic()
        target = kind.inflict(self.world, rng)
        ended = time.monotonic()
        one = Inflicted(name, target, began, ended, kind.groups(target), waited=not at_once)
        self.inflicted.append(one)
        while time.monotonic() < ended + _WAIT_SECONDS and self._recovery(one) == MOST_SECONDS:
            time.sleep(0.1)

    def _recovery(self, one: Inflicted) -> float | None:
        """Seconds, at most `MOST_SECONDS`, which stand for more."""
        if not one.waited:
            return None
        samples = self.world.observer.since(one.ended)
        seconds = recovery(samples, one.steps, since=one.ended, fed_until=self.fed_until())
        return MOST_SECONDS if seconds == math.inf else seconds
