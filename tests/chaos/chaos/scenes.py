"""The bytes that the web could have served, by their hashes: computed again, not remembered."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from chaos.plan import Planned
from pixelprose.demoworld.answers import Body, answer


@dataclass(frozen=True, slots=True)
class Served:
    """One scene's bytes."""

    scene: int
    sha256: str
    md5: str


def served(planned: Iterable[Planned]) -> list[Served]:
    """Every scene that a plan could show."""
    paths = {
        (scene, f"/unsafe/{scene}.jpg" if one.kind == "unsafe" else f"/scene/{scene}.jpg")
        for one in planned
        for scene in one.scenes
    }
    return [_served(scene, path) for scene, path in sorted(paths)]


def _served(scene: int, path: str) -> Served:
    body = answer(path)
    if not isinstance(body, Body):
        raise TypeError(f"{path} is no picture")
    md5 = hashlib.md5(body.data, usedforsecurity=False)
    return Served(scene, hashlib.sha256(body.data).hexdigest(), md5.hexdigest())
