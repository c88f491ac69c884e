"""What the canaries say about a picture follows from its code alone, so a checker knows it too."""

import re
from typing import Final

from PIL import Image

from pixelprose.demoworld import read_code
from pixelprose.records import Model

MODEL: Final = Model(name="canary", revision="1", library="chaos")

_SAID: Final = re.compile(r"canary scene (\d+)\b")
_UNSAFE_EVERY: Final = 9


def is_unsafe(seed: int) -> bool:
    """Whether the canary scorer calls this scene unsafe."""
    return seed % _UNSAFE_EVERY == 0


def code_of(picture: Image.Image) -> int:
    """The scene's number.

    Raises:
        ValueError: the picture has none; the services were given something else.
    """
    seed = read_code(picture)
    if seed is None:
        raise ValueError("a picture without a code")
    return seed


def caption_of(seed: int) -> str:
    """The caption of a scene."""
    return f"This image displays: canary scene {seed} with a code in its corner."


def seed_in(caption: str) -> int | None:
    """The scene that a caption speaks of."""
    said = _SAID.search(caption)
    return int(said[1]) if said else None
