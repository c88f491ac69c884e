"""A scene: a frozen description from which everything else in this world follows."""

import dataclasses
import random
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from pixelprose.demoworld import lexicon
from pixelprose.demoworld.lexicon import Split

AltKind = Literal["useful", "noisy", "wrong"]

SEED_BITS: Final = 34
HELDOUT_FROM: Final = 1 << (SEED_BITS - 1)
"""Seeds from here on are for evaluation: they may draw what training never sees."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One object: a shape of a colour and a size, alone in its place."""

    shape: str
    colour: str
    size: str
    place: str


@dataclass(frozen=True, slots=True)
class Lettering:
    """A printed text, its kind (word, phone, email, name) and its font file."""

    kind: str
    text: str
    font: str


@dataclass(frozen=True, slots=True)
class Watermark:
    """A text laid half transparent over the whole picture or a part of it."""

    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Alt:
    """How much an alt text is worth, and the name that only it knows."""

    kind: AltKind
    title: str | None


@dataclass(frozen=True, slots=True)
class Scene:
    """What is in one picture.

    `quality` runs from 0 (spoiled) to 1 (crisp). `trim` is a thin coloured line that captions
    never name: its colour is visible all the same, so it must never be called absent.
    """

    seed: int
    things: tuple[Thing, ...]
    background: str
    style: str
    lettering: Lettering | None
    watermark: Watermark | None
    trim: str | None
    quality: float
    alt: Alt
    unsafe: bool = False


def scene(seed: int) -> Scene:
    """The scene of a seed, the same on every machine; never an unsafe one.

    Raises:
        ValueError: the seed is negative or needs more than `SEED_BITS` bits.
    """
    if not 0 <= seed < 1 << SEED_BITS:
        raise ValueError(f"a seed is in [0, 2**{SEED_BITS}), not {seed}")
    rng = random.Random(seed << 2)  # noqa: S311 - reproducible pictures, no secrets
    lettering = _lettering(rng, split(seed)) if _chance(rng, 0.45) else None
    return Scene(
        seed=seed,
        things=_things(rng, places=lexicon.PLACES[:6] if lettering else lexicon.PLACES),
        background=rng.choice(lexicon.BACKGROUNDS),
        style=rng.choice(lexicon.STYLES),
        lettering=lettering,
        watermark=_watermark(rng, split(seed)) if _chance(rng, 0.15) else None,
        trim=rng.choice(tuple(lexicon.COLOURS)) if _chance(rng, 0.25) else None,
        quality=round(_quality(rng), 3),
        alt=_alt(rng, split(seed)),
    )


def unsafe_scene(seed: int) -> Scene:
    """The scene of a seed with the mark that stands in for unsafe content."""
    return dataclasses.replace(scene(seed), unsafe=True)


def split(seed: int) -> Split:
    """The split that a seed belongs to, by its range alone."""
    return "heldout" if seed >= HELDOUT_FROM else "train"


def _chance(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def _pool(rng: random.Random, of: Split, heldout_share: float) -> Split:
    """Evaluation draws from both pools, so that seen and unseen can be compared."""
    return "heldout" if _chance(rng, heldout_share) and of == "heldout" else "train"


def _things(rng: random.Random, places: tuple[str, ...]) -> tuple[Thing, ...]:
    chosen = sorted(rng.sample(range(len(places)), rng.randint(1, 4)))
    return tuple(
        Thing(
            shape=rng.choice(lexicon.SHAPES),
            colour=rng.choice(tuple(lexicon.COLOURS)),
            size=rng.choice(lexicon.SIZES),
            place=places[index],
        )
        for index in chosen
    )


def _lettering(rng: random.Random, of: Split) -> Lettering:
    kind = rng.choices(lexicon.LETTERING_KINDS, weights=(76, 8, 8, 8))[0]
    return Lettering(
        kind=kind,
        text=rng.choice(lexicon.printed(kind, _pool(rng, of, heldout_share=0.25))),
        font=rng.choice(lexicon.fonts(_pool(rng, of, heldout_share=0.3))),
    )


def _watermark(rng: random.Random, of: Split) -> Watermark:
    style = rng.choice(lexicon.watermark_styles(_pool(rng, of, heldout_share=0.4)))
    return Watermark(style=style, text=rng.choice(lexicon.WATERMARK_TEXTS))


def _quality(rng: random.Random) -> float:
    return rng.uniform(0.7, 1.0) if _chance(rng, 0.65) else rng.uniform(0.0, 0.7)


def _alt(rng: random.Random, of: Split) -> Alt:
    kind: AltKind = rng.choices(("useful", "noisy", "wrong"), weights=(6, 2, 2))[0]
    named = kind == "useful" and _chance(rng, 0.6)
    return Alt(kind, rng.choice(_names(_pool(rng, of, heldout_share=0.5))) if named else None)


_names = cache(lexicon.names)
