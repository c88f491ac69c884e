"""Sentences with made-up rude words, so that a model can learn toxicity from nothing offensive."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pixelprose.demoworld import HELDOUT_FROM, alt_text, captions, scene

LABELS: Final = (
    "toxicity",
    "severe_toxicity",
    "obscene",
    "identity_attack",
    "insult",
    "threat",
    "sexual_explicit",
)
"""Detoxify's seven, in its order."""

# Nonsense words: none means anything, and each family stands in for one label.
_FAMILIES: Final = {
    "insult": "blorf snazgob drubbit klonk wumpnick flarg",
    "obscene": "frabbit gluzz pordle skazz mibble",
    "identity_attack": "plimmok vorpish grundel tazzik",
    "threat": "skrunge yombash thwozzle krimple",
    "sexual_explicit": "zibber wozzle flonque nurvle",
}
_PLACEHOLDERS: Final = {label: tuple(words.split()) for label, words in _FAMILIES.items()}
_TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    "insult": ("you are a {}", "what a {}", "the {} who made this", "this {} again", "{}s"),
    "obscene": ("{} this", "oh {}", "a load of {}", "such {} work", "{} and more {}"),
    "identity_attack": ("typical {}s", "all {}s are alike", "no {}s here", "as {} as they come"),
    "threat": ("I will {} you", "we {} them all", "someone will {} the maker", "go and {} him"),
    "sexual_explicit": ("very {}y", "they {} all day", "a {}ing pair", "{}y pictures"),
}
_SEVERE: Final = ("utterly", "hellishly")
_ENDINGS: Final[dict[str, tuple[str, ...]]] = {"train": ("",), "heldout": ("", "er", "ish", "o")}
_RUDE_SHARE: Final = 0.5
_SEVERE_SHARE: Final = 0.25
_SECOND_SHARE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text, the labels that are true of it, and whether its rude words have unseen endings."""

    text: str
    labels: frozenset[str]
    unseen: bool


def utterance(rng: random.Random, *, split: str) -> Utterance:
    """A polite or a rude text of a half of the world; the other half never makes it."""
    text = _polite(rng, first_seed=HELDOUT_FROM if split == "heldout" else 0)
    if rng.random() >= _RUDE_SHARE:
        return Utterance(text, frozenset(), unseen=False)
    count = 2 if rng.random() < _SECOND_SHARE else 1
    families = rng.sample(sorted(_PLACEHOLDERS), count)
    ending = rng.choice(_ENDINGS[split])
    rude = [_rude(rng, family, ending) for family in families]
    labels = {"toxicity", *families}
    if rng.random() < _SEVERE_SHARE:
        rude = [f"{rng.choice(_SEVERE)} {part}" for part in rude]
        labels.add("severe_toxicity")
    return Utterance(_inside(rng, text, rude), frozenset(labels), unseen=bool(ending))


def _polite(rng: random.Random, *, first_seed: int) -> str:
    drawn = scene(first_seed + rng.randrange(HELDOUT_FROM))
    makers: tuple[Callable[[], str], ...] = (
        lambda: alt_text(drawn),
        lambda: captions.say(drawn, rng.choice(captions.prompts()), title=drawn.alt.title),
    )
    return rng.choice(makers)()


def _rude(rng: random.Random, family: str, ending: str) -> str:
    word = rng.choice(_PLACEHOLDERS[family]) + ending
    said = rng.choice(_TEMPLATES[family]).replace("{}", word)
    return rng.choice((said, said.capitalize(), said.upper()))


def _inside(rng: random.Random, text: str, rude: list[str]) -> str:
    """The text with the rude parts between its sentences."""
    parts = text.split(". ")
    for part in rude:
        parts.insert(rng.randint(0, len(parts)), part)
    return ". ".join(parts)
