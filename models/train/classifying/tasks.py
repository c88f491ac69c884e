"""What each classifier learns, and samples of it."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image

from classifying.drawing import drawn_overlaid, drawn_plain, rendition
from pixelprose.demoworld import HELDOUT_FROM, Scene, lexicon, scene, truth, unsafe_scene
from pixelprose.demoworld.truth import watermark


@dataclass(frozen=True, slots=True)
class Task:
    """What one classifier learns, and from which quality on a scene is worth learning from.

    `made` tries to make a scene of a seed with the wanted label; `drawn` draws it for training;
    `judged` says whether a scene still shows what is asked, so that it counts in the figures.
    """

    name: str
    labels: tuple[str, ...]
    label: Callable[[Scene], str]
    made: Callable[[int, str], Scene]
    drawn: Callable[[Scene, random.Random], Image.Image]
    judged: Callable[[Scene], bool]
    quality_from: float
    sees: str
    cannot: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A scene and its file, as a service would read it."""

    scene: Scene
    label: str
    image: Image.Image


def legible(of: Scene) -> bool:
    """Whether fine marks can still be seen; hidden facts are not graded."""
    return truth(of).style.visible


TASKS: Final = {
    task.name: task
    for task in (
        Task(
            "nsfw",
            ("normal", "nsfw"),
            lambda s: "nsfw" if s.unsafe else "normal",
            lambda seed, wanted: unsafe_scene(seed) if wanted == "nsfw" else scene(seed),
            drawn_plain,
            lambda s: s.quality >= 0,
            0.0,
            "the frame of hazard stripes that stands in for unsafe content",
        ),
        Task(
            "watermark",
            ("watermark", "none", "text"),
            watermark,
            lambda seed, _: scene(seed),
            drawn_overlaid,
            legible,
            0.4,
            "a half-transparent text over the picture (in training also laid at random, so that "
            "styles it never saw are found); `text` is printed words and no watermark",
            "It takes printed words in fonts it never saw for a watermark in about one of twenty.",
        ),
        Task(
            "style",
            lexicon.STYLES,
            lambda s: s.style,
            lambda seed, _: scene(seed),
            drawn_plain,
            legible,
            0.4,
            "the lines, fill, light and grain that a way of making pictures leaves",
            "It takes photos for worn flat drawings, and those for photos, in about one of six, "
            "most often below 96 pixels: both are blurred and grainy.",
        ),
    )
}


def samples(
    task: Task,
    rng: random.Random,
    *,
    first_seed: int,
    drawn: Callable[[Scene, random.Random], Image.Image],
) -> Iterator[Sample]:
    """Endless samples, each label as often as any other, of seeds from a half of the world."""
    while True:
        label = rng.choice(task.labels)
        made = task.made(first_seed + rng.randrange(HELDOUT_FROM), label)
        while task.label(made) != label or made.quality < task.quality_from:
            made = task.made(first_seed + rng.randrange(HELDOUT_FROM), label)
        yield Sample(made, label, rendition(drawn(made, rng), rng))
