"""How long the pipeline needed to come back after a fault, as the samples show it. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from chaos.observer import Sample
from chaos.pipeline import Step

MOST_SECONDS: Final = 120.0
"""It is not looked for any longer."""


def recovery(
    samples: Iterable[Sample], steps: Sequence[Step], *, since: float, fed_until: float | None
) -> float | None:
    """Seconds until every step had committed something new, and no partition stood still.

    After `fed_until` a step that has nothing to do needs no more. None where there was nothing to
    commit any more; infinite if it did not come as far as the samples go, or not within
    `MOST_SECONDS`.
    """
    within = (one for one in samples if since < one.at <= since + MOST_SECONDS)
    first = next(within, None)
    if first is None:
        return math.inf
    waiting = {step: first.waiting(step) for step in steps}
    for now in within:
        fed = fed_until is not None and now.at > fed_until
        if fed and not any(waiting.values()):
            return None
        if _moved(waiting, now) and all(
            now.sum(step) > first.sum(step) or (fed and not now.waiting(step)) for step in steps
        ):
            return now.at - since
    return math.inf


def _moved(waiting: Mapping[Step, Mapping[int, int]], now: Sample) -> bool:
    return all(
        now.positions.get(step.name, {}).get(partition, -1) != position
        for step, lanes in waiting.items()
        for partition, position in lanes.items()
    )
