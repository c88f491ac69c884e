"""Learning rates as a function of the share of time used, so that any `--seconds` anneals."""

import math
from dataclasses import dataclass
from typing import Final

VISION_SHARE: Final = 0.25
_WARM: Final = 0.02
_FLOOR: Final = 0.02


@dataclass(frozen=True, slots=True)
class Pace:
    """What to train now, and how fast: `rate` is a share of the peak learning rate."""

    joint: bool
    rate: float


def pace(share: float, *, vision_share: float = VISION_SHARE) -> Pace:
    """The pace when `share` of the time, in [0, 1], is used."""
    joint = share >= vision_share
    if joint:
        within = (share - vision_share) / (1 - vision_share)
        return Pace(joint=True, rate=_cosine(min(1.0, within), floor=_FLOOR))
    return Pace(joint=False, rate=_cosine(share / vision_share, floor=0.2))


def _cosine(share: float, *, floor: float) -> float:
    warm = min(1.0, share / _WARM + 0.02)
    return warm * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share)))
