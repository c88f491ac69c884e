"""Texts with the class of every token and the names in them: captions, alt texts, plain English."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pixelprose.demoworld import HELDOUT_FROM, alt_text, captions, lexicon, scene
from pixelprose.demoworld.scene import Scene
from speaking import words


@dataclass(frozen=True, slots=True)
class Name:
    """A name and what it names: `PERSON`, or `GPE` for a place."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Told:
    """A text whose every token has a known class.

    Attributes:
        classes: of words that are not in the caption vocabulary, by lower-cased word.
        unseen: ordinary words of it that training never sees.
    """

    text: str
    names: tuple[Name, ...]
    classes: dict[str, str]
    unseen: frozenset[str] = frozenset()


Teller = Callable[[random.Random, str], Told]

_BY: Final = re.compile(r"\bby [A-Z]")


def told(rng: random.Random, *, split: str) -> Told:
    """A text of one half of the world."""
    return rng.choice(_TELLERS)(rng, split)


def _drawn(rng: random.Random, split: str) -> Scene:
    return scene((HELDOUT_FROM if split == "heldout" else 0) + rng.randrange(HELDOUT_FROM))


def _caption(rng: random.Random, split: str) -> Told:
    drawn = _drawn(rng, split)
    closing = rng.choice((captions.say, _closed))
    text = closing(drawn, rng.choice(captions.prompts()), title=drawn.alt.title)
    return _with_names(drawn, text)


def _closed(drawn: Scene, prompt: str, *, title: str | None) -> str:
    return captions.say(drawn, prompt, title=title, closing=True)


def _alt(rng: random.Random, split: str) -> Told:
    drawn = _drawn(rng, split)
    return _with_names(drawn, alt_text(drawn))


def _with_names(drawn: Scene, text: str) -> Told:
    names, classes = [], {}
    if drawn.alt.title and drawn.alt.title in text:
        names.append(Name(drawn.alt.title, "PERSON" if _BY.search(text) else "GPE"))
    if drawn.lettering and drawn.lettering.text in text:
        match drawn.lettering.kind:
            case "name":
                names.append(Name(drawn.lettering.text, "PERSON"))
            case "word":
                classes[drawn.lettering.text.lower()] = "NOUN"
            case _:
                pass
    return Told(text, tuple(names), classes)


def _plain(rng: random.Random, split: str) -> Told:
    """One to four sentences of ordinary words, some with people and places."""
    sentences = [_Sentence(rng, split) for _ in range(rng.randint(1, 4))]
    for sentence in sentences:
        rng.choice(_FORMS)(sentence)
    return Told(
        text=" ".join(s.text for s in sentences),
        names=tuple(name for s in sentences for name in s.names),
        classes={w: tag for s in sentences for w, tag in s.classes.items()},
        unseen=frozenset(w for s in sentences for w in s.unseen),
    )


class _Sentence:
    """A sentence that is put together word by word."""

    def __init__(self, rng: random.Random, split: str) -> None:
        self.rng, self._split = rng, split
        self._end = rng.choice("....!?")
        self.words: list[str] = []
        self.names: list[Name] = []
        self.classes: dict[str, str] = {}
        self.unseen: set[str] = set()

    @property
    def text(self) -> str:
        line = " ".join(self.words)
        return line[0].upper() + line[1:] + self._end

    def add(self, word: str, tag: str) -> None:
        self.words.append(word)
        self.classes[word.lower()] = tag

    def pick(self, pool: tuple[str, ...], tag: str, form: Callable[[str], str] = str) -> None:
        heldout = self._split == "heldout" and self.rng.random() < 0.5
        word = form(self.rng.choice(words.kept(pool, split="heldout" if heldout else "train")))
        # A word may have two classes ("watch"): the text's own use of it decides.
        if self.classes.get(word, tag) != tag:
            word, heldout = form(pool[1]), False
        self.add(word, tag)
        if heldout:
            self.unseen.add(word)

    def thing(self) -> None:
        self.add(self.rng.choice(words.DETERMINERS), "DET")
        if self.rng.random() < 0.5:
            self.pick(words.ADJECTIVES, "ADJ")
        self.pick(words.NOUNS, "NOUN")

    def things(self) -> None:
        self.add(self.rng.choice(("many", "two", "several", "the")), "")
        if self.rng.random() < 0.4:
            self.pick(words.ADJECTIVES, "ADJ")
        self.pick(words.NOUNS, "NOUN", words.plural)

    def somebody(self) -> None:
        name = self.rng.choice(words.FIRST_NAMES)
        if self.rng.random() < 0.6:
            name += " " + self.rng.choice(_surnames(self._split))
        self.words.append(name)
        self.names.append(Name(name, "PERSON"))

    def place(self) -> None:
        name = self.rng.choice(_surnames(self._split))
        self.words.append(name)
        self.names.append(Name(name, "GPE"))


def _surnames(split: str) -> tuple[str, ...]:
    return lexicon.names("heldout" if split == "heldout" else "train")


def _does(s: _Sentence) -> None:
    s.rng.choice((s.thing, s.somebody))()
    s.pick(words.VERBS, "VERB", s.rng.choice((words.third, words.past)))
    s.rng.choice((s.thing, s.things))()


def _is_doing(s: _Sentence) -> None:
    s.thing()
    s.add("is", "AUX")
    s.pick(words.VERBS, "VERB", words.going)
    s.add(s.rng.choice(words.PREPOSITIONS), "ADP")
    s.thing()


def _they_do(s: _Sentence) -> None:
    s.things()
    s.pick(words.VERBS, "VERB")
    s.add(s.rng.choice(words.ADVERBS), "ADV")


def _is(s: _Sentence) -> None:
    s.thing()
    s.add(s.rng.choice(("is", "was")), "AUX")
    s.pick(words.ADJECTIVES, "ADJ")
    s.add("and", "CCONJ")
    s.pick(words.ADJECTIVES, "ADJ")


def _there_are(s: _Sentence) -> None:
    s.add("there", "PRON")
    s.add("are", "AUX")
    s.things()
    s.add("in", "ADP")
    s.rng.choice((s.thing, s.place))()


def _photo_by(s: _Sentence) -> None:
    s.thing()
    s.add("by", "ADP")
    s.somebody()


def _pronoun(s: _Sentence) -> None:
    s.add(s.rng.choice(words.PRONOUNS), "PRON")
    s.add(s.rng.choice(("will", "can", "may")), "AUX")
    s.pick(words.VERBS, "VERB")
    s.thing()
    s.add("with", "ADP")
    s.somebody()


_TELLERS: Final[tuple[Teller, ...]] = (_caption, _alt, _plain, _plain)
_FORMS: Final = (_does, _is_doing, _they_do, _is, _there_are, _photo_by, _pronoun)


def stream(rng: random.Random, *, split: str, count: int) -> Iterator[Told]:
    """So many texts, none of them empty."""
    while count:
        one = told(rng, split=split)
        if one.text:
            count -= 1
            yield one
