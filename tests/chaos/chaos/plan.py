"""The generator: what a schedule submits, all of it from the seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal

from chaos.canary.code import is_unsafe

Kind = Literal[
    "image",
    "unsafe",
    "gone_later",
    "other_later",
    "twin",
    "missing",
    "no_image",
    "busy_first",
    "always_busy",
]

SHARES: Final[dict[Kind, int]] = {
    "image": 51,
    "unsafe": 8,
    "gone_later": 8,
    "other_later": 8,
    "twin": 8,
    "missing": 5,
    "no_image": 5,
    "busy_first": 5,
    "always_busy": 2,
}
"""Weights of the kinds; a twin is the bytes of an earlier image behind another URL."""

MOST_BUSY: Final = 2
"""How often one that is busy at first says so: less often than there are retry topics."""

_REPEATED: Final = 0.06
"""Share of submissions that a producer sends twice: one submission, two records."""

_SCENES: Final = 1_000_000
_SEEDS: Final = 8_000


@dataclass(frozen=True, slots=True)
class Planned:
    """One submission. Any of `scenes` may be behind its path; none if no image ever is."""

    number: int
    kind: Kind
    path: str
    scenes: tuple[int, ...]


def plan(seed: int, *, submissions: int) -> tuple[Planned, ...]:
    """What is sent, in order; a repeated submission stands there twice."""
    rng = random.Random(seed)
    scenes = _scenes(seed)
    made: list[Planned] = []
    for number in range(submissions):
        (kind,) = rng.choices(tuple(SHARES), weights=tuple(SHARES.values()))
        made.append(_planned(number, kind, scenes, made, rng))
    sent = list(made)
    for one in made:
        if rng.random() < _REPEATED:
            sent.insert(rng.randint(sent.index(one) + 1, len(sent)), one)
    return tuple(sent)


def _planned(
    number: int, kind: Kind, scenes: Iterator[int], earlier: list[Planned], rng: random.Random
) -> Planned:
    scene, other = (next(one for one in scenes if not is_unsafe(one)) for _ in range(2))
    images = [one.scenes[0] for one in earlier if one.kind == "image"]
    if kind == "unsafe":
        scene = next(one for one in scenes if is_unsafe(one))
    if kind == "twin" and images:
        scene = rng.choice(images)
    behind: dict[Kind, tuple[str, tuple[int, ...]]] = {
        "image": (f"scene/{scene}.jpg", (scene,)),
        "unsafe": (f"unsafe/{scene}.jpg", (scene,)),
        "gone_later": (f"gone-later/scene/{scene}.jpg", (scene,)),
        "other_later": (f"other-later/{other}/scene/{scene}.jpg", (scene, other)),
        "twin": (f"copy/{number}/scene/{scene}.jpg", (scene,)),
        "missing": (f"404/{scene}", ()),
        "no_image": (f"not-an-image.jpg?{scene}", ()),
        "busy_first": (f"busy/{1 + number % MOST_BUSY}/scene/{scene}.jpg", (scene,)),
        "always_busy": (f"503/{scene}", ()),
    }
    path, shown = behind[kind]
    return Planned(number, kind, path, shown)


def _scenes(seed: int) -> Iterator[int]:
    # No two schedules show the same scene, so that one's leftovers are never taken for another's.
    return count(seed % _SEEDS * _SCENES)
