"""The nemesis: from a seed to faults, one after another, and how the pipeline came back."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from chaos.faults import KINDS, LONG, OFTEN, Kind
from chaos.history import Fault
from chaos.observer import Sample
from chaos.pipeline import Step
from chaos.world import World

_RECOVERED_WITHIN: Final = 30.0
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


@dataclass(slots=True)
class Nemesis:
    """Inflicts faults and keeps their record."""

    world: World
    rng: random.Random
    feeding: Callable[[], bool]
    faults: list[Fault] = field(default_factory=list)

    def run(self, kinds: Sequence[str], *, stop_long: bool) -> None:
        """Inflict all of them; the long stop goes on beside the others."""
        other = random.Random(self.rng.random())
        beside = threading.Thread(
            target=self._inflict, args=("stop_long", LONG["stop_long"], other), daemon=True
        )
        if stop_long:
            beside.start()
        for name in kinds:
            self._inflict(name, KINDS[name], self.rng)
            time.sleep(self.rng.uniform(0.2, 1.0))
        if stop_long:
            beside.join()

    def _inflict(self, name: str, kind: Kind, rng: random.Random) -> None:
        at_once = rng.random() < _AT_ONCE
        began = time.monotonic()
        target = kind.inflict(self.world, rng)
        ended = time.monotonic()
        steps = kind.groups(target)
        recovery = None if at_once else self._recovery(steps, since=ended)
        self.faults.append(Fault(name, target, began, ended, recovery))

    def _recovery(self, steps: Sequence[Step], *, since: float) -> float | None:
        """Seconds until every group had committed something new, and no partition stood still.

        None where there was nothing new to commit any more.
        """
        first = self._sample_after(since, until=since + _RECOVERED_WITHIN)
        if first is None:
            return _RECOVERED_WITHIN
        waiting = {step: first.waiting(step) for step in steps}
        last = first
        while not (_moved(waiting, last) and all(last.sum(s) > first.sum(s) for s in steps)):
            later = self._sample_after(last.at, until=since + _RECOVERED_WITHIN)
            if later is None:
                return _RECOVERED_WITHIN if any(waiting.values()) else None
            if not self.feeding() and not any(waiting.values()):
                return None
            last = later
        return last.at - since

    def _sample_after(self, moment: float, *, until: float) -> Sample | None:
        while time.monotonic() < until:
            sample = self.world.observer.latest()
            if sample is not None and sample.at > moment:
                return sample
            time.sleep(0.05)
        return None


def _moved(waiting: dict[Step, dict[int, int]], now: Sample) -> bool:
    return all(
        now.positions.get(step.name, {}).get(partition, -1) != position
        for step, lanes in waiting.items()
        for partition, position in lanes.items()
    )
