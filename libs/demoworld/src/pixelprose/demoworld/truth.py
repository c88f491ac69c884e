"""What a correct record must say about a scene, and which of it a viewer can see."""

from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

from pixelprose.demoworld import lexicon
from pixelprose.demoworld.scene import Alt, Lettering, Scene, Thing

T = TypeVar("T")
WatermarkClass = Literal["watermark", "none", "text"]
"""The classes of the records: `text` is printed words and no watermark."""

CLEAR_FROM: Final = 0.7
BLURRED_FROM: Final = 0.55
"""Quality from which a scene counts as clear, and below that as blurred but gradable."""

_LARGE_FROM: Final = 0.25
_SMALL_FROM: Final = 0.45
_FINE_FROM: Final = BLURRED_FROM  # letters and the texture of a style


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A true value, and whether the picture still shows it. Hidden facts are not graded."""

    value: T
    visible: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """The facts of one scene.

    `aesthetic` runs from 1 to 10. `title` is a name that only the alt text knows. `absent` are
    the colours and shapes of the lexicon that are nowhere in the picture.
    """

    seed: int
    things: tuple[Fact[Thing], ...]
    background: Fact[str]
    style: Fact[str]
    lettering: Fact[Lettering] | None
    absent: Fact[frozenset[str]]
    watermark: WatermarkClass
    unsafe: bool
    aesthetic: float
    alt: Alt

    @property
    def title(self) -> str | None:
        """The name that a caption can only have from the alt text."""
        return self.alt.title

    @property
    def quality(self) -> float:
        """The scene's quality, from 0 (spoiled) to 1 (crisp)."""
        return (self.aesthetic - 1) / 9

    @property
    def crisp(self) -> bool:
        """Whether the picture is not blurred."""
        return self.quality >= CLEAR_FROM

    @property
    def fully_visible(self) -> bool:
        """Whether no fact is hidden."""
        return self.style.visible and all(thing.visible for thing in self.things)


def truth(scene: Scene) -> Truth:
    """The facts of a scene, each with its visibility."""
    quality = scene.quality
    things = tuple(
        Fact(thing, quality >= (_LARGE_FROM if thing.size == "large" else _SMALL_FROM))
        for thing in scene.things
    )
    return Truth(
        seed=scene.seed,
        things=things,
        background=Fact(scene.background, quality >= _LARGE_FROM),
        style=Fact(scene.style, quality >= _FINE_FROM),
        lettering=Fact(scene.lettering, quality >= _FINE_FROM) if scene.lettering else None,
        absent=Fact(frozenset(absent(scene)), all(thing.visible for thing in things)),
        watermark=watermark(scene),
        unsafe=scene.unsafe,
        aesthetic=round(1 + 9 * quality, 2),
        alt=scene.alt,
    )


def absent(scene: Scene) -> tuple[str, ...]:
    """Colours, then shapes, of the lexicon that are nowhere in the scene, in lexicon order."""
    seen = {word for thing in scene.things for word in (thing.colour, thing.shape)}
    seen |= {scene.trim} if scene.trim else set()
    return tuple(word for word in (*lexicon.COLOURS, *lexicon.SHAPES) if word not in seen)


def watermark(scene: Scene) -> WatermarkClass:
    """The class of a scene; a watermark outweighs printed words."""
    if scene.watermark:
        return "watermark"
    return "text" if scene.lettering else "none"
