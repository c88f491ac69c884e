"""Records against the truth: each fact right, wrong, missing, or hidden and so not graded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from pixelprose.demoworld.captions import Said, parse
from pixelprose.demoworld.scene import Thing
from pixelprose.demoworld.scores import Scores
from pixelprose.demoworld.truth import Fact, Truth

Verdict = Literal["right", "wrong", "missing", "hidden"]

FITS_FROM: Final = 0.6
"""Share of right facts from which a caption is taken to belong to its image."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the pipeline said about one image. None: it was not asked, or did not say.

    `hinted`: the model was given the alt text. `absent`: None if no absent things were asked for.
    `scores` are judged over many records, by `summary.summarise`.
    """

    caption: str
    prompt: str | None = None
    hinted: bool = False
    absent: tuple[str, ...] | None = None
    scores: Scores | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """The verdict on one fact of a kind, such as `shape` or `absent`."""

    kind: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Grade:
    """All marks of one record."""

    marks: tuple[Mark, ...]

    def of(self, *kinds: str) -> tuple[Mark, ...]:
        """The graded marks of some kinds, without the hidden facts."""
        return tuple(m for m in self.marks if m.kind in kinds and m.verdict != "hidden")

    @property
    def scene_right(self) -> bool:
        """Whether count, background and every thing's four properties are right."""
        return all(mark.verdict == "right" for mark in self.of(*SCENE_KINDS))

    @property
    def share_right(self) -> float:
        """Right facts as a share of those that can be seen; 0 where none can."""
        marks = self.of(*SCENE_KINDS, "style", "lettering")
        return sum(mark.verdict == "right" for mark in marks) / len(marks) if marks else 0.0

    @property
    def fits(self) -> bool:
        """Whether the caption belongs to this image rather than to another."""
        return self.share_right >= FITS_FROM


THING_KINDS: Final = ("shape", "colour", "size", "place")
SCENE_KINDS: Final = (*THING_KINDS, "count", "invented", "background")


def grade(record: Record, truth: Truth) -> Grade:
    """Every fact of the truth looked up in the record, and every claim that no fact supports."""
    said = parse(record.caption)
    return Grade(
        (
            *_things(said, truth),
            _one("background", said.background, truth.background),
            _one("style", said.style, truth.style),
            *_lettering(said, truth),
            *_title(said, truth, hinted=record.hinted),
            *_absent(record, truth),
            *_prompt(said, record.prompt),
        )
    )


def _things(said: Said, truth: Truth) -> Iterator[Mark]:
    claimed = {thing.place: thing for thing in said.things}
    for fact in truth.things:
        yield from _thing(claimed.pop(fact.value.place, None), fact)
    hidden = any(not fact.visible for fact in truth.things)
    for _ in claimed:
        yield Mark("invented", "hidden" if hidden else "wrong")
    count = Fact(str(len(truth.things)), not hidden)
    yield _one("count", None if said.count is None else str(said.count), count)


def _thing(claim: Thing | None, fact: Fact[Thing]) -> Iterator[Mark]:
    for kind in THING_KINDS:
        value: str | None = getattr(claim, kind) if claim else None
        yield _one(kind, value, Fact(getattr(fact.value, kind), fact.visible))


def _one(kind: str, said: str | None, fact: Fact[str]) -> Mark:
    if not fact.visible:
        return Mark(kind, "hidden")
    if said is None:
        return Mark(kind, "missing")
    return Mark(kind, "right" if said == fact.value else "wrong")


def _lettering(said: Said, truth: Truth) -> Iterator[Mark]:
    if truth.lettering is None:
        if said.lettering is not None:
            yield Mark("invented_lettering", "wrong")
        return
    fact = Fact(truth.lettering.value.text, truth.lettering.visible)
    yield _one("lettering", said.lettering, fact)


def _title(said: Said, truth: Truth, *, hinted: bool) -> Iterator[Mark]:
    if hinted and truth.title is not None:
        yield _one("title", said.title, Fact(truth.title, visible=True))
    elif said.title is not None:
        yield Mark("invented_title", "wrong")


def _absent(record: Record, truth: Truth) -> Iterator[Mark]:
    """Each thing named absent, then each that should have been."""
    if record.absent is None:
        return
    visible = truth.absent.visible
    for word in record.absent:
        right: Verdict = "right" if word in truth.absent.value else "wrong"
        yield Mark("absent", right if visible else "hidden")
    for _ in truth.absent.value.difference(record.absent):
        yield Mark("absent", "missing" if visible else "hidden")


def _prompt(said: Said, prompt: str | None) -> Iterator[Mark]:
    if prompt is not None:
        yield _one("prompt", said.prompt, Fact(prompt, visible=True))
