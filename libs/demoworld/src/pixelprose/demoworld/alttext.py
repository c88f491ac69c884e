"""Alt texts as the web has them: useful, noisy or plainly wrong."""

import random
from typing import Final

from pixelprose.demoworld import lexicon
from pixelprose.demoworld.scene import Scene

_TITLED: Final = (
    "{title}",
    "{title}, seen from the south",
    "A picture of {title}",
    "{title} in the morning",
    "Welcome to {title}",
    "Our trip to {title}, day 2",
    "The {shape} of {title}",
    "{colour} {shape} by {title}",
)
_PLAIN: Final = (
    "a {colour} {shape}",
    "{shape} on a {background} background",
    "the {size} {colour} {shape} and more",
    "picture with a {colour} {shape}",
)
_NOISY: Final = (
    "IMG_{number}.JPG",
    "image {number} of 99",
    "free download, buy now, best price",
    "click to enlarge",
    "photo {number} | shop",
    "untitled",
    "",
)


def alt_text(scene: Scene) -> str:
    """The alt text that a page shows with this scene: the same for every call."""
    rng = random.Random(scene.seed << 2 | 2)  # noqa: S311 - reproducible text, no secrets
    match scene.alt.kind, scene.alt.title:
        case "useful", str(title):
            return rng.choice(_TITLED).format(title=title, **_facts(scene, rng))
        case "useful", _:
            return rng.choice(_PLAIN).format(**_facts(scene, rng))
        case "noisy", _:
            return rng.choice(_NOISY).format(number=rng.randint(10, 99))
        case _:
            return rng.choice(_PLAIN).format(**_lies(scene, rng))


def _facts(scene: Scene, rng: random.Random) -> dict[str, str]:
    thing = rng.choice(scene.things)
    return {
        "shape": thing.shape,
        "colour": thing.colour,
        "size": thing.size,
        "background": scene.background,
    }


def _lies(scene: Scene, rng: random.Random) -> dict[str, str]:
    colours = {thing.colour for thing in scene.things}
    shapes = {thing.shape for thing in scene.things}
    return {
        "shape": rng.choice([s for s in lexicon.SHAPES if s not in shapes]),
        "colour": rng.choice([c for c in lexicon.COLOURS if c not in colours]),
        "size": rng.choice(lexicon.SIZES),
        "background": rng.choice([b for b in lexicon.BACKGROUNDS if b != scene.background]),
    }
