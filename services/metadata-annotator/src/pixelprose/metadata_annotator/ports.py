"""The ports: what the two steps ask of models. Pictures are RGB, answers keep the order asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from pixelprose.checkpoints import HasModel
from pixelprose.records import Linguistics, Toxicity, Word


class AestheticScorer(HasModel, Protocol):
    """Says how good a picture looks."""

    def score(self, pictures: Sequence[Image.Image]) -> Sequence[float]:
        """A score from 1 (poor) to 10 (excellent) for each picture."""


class WordReader(HasModel, Protocol):
    """Reads what is written in a picture."""

    def read(self, picture: Image.Image) -> tuple[Word, ...]:
        """The words in reading order; boxes are shares of width and height."""


class ToxicityScorer(HasModel, Protocol):
    """Says how toxic a text is."""

    def score(self, texts: Sequence[str]) -> Sequence[Toxicity]:
        """Seven scores in [0, 1] for each text, all of it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A language (BCP 47) with the guesser's confidence in [0, 1]."""

    language: str
    score: float


class LanguageGuesser(HasModel, Protocol):
    """Says which language a text is in."""

    def guess(self, text: str) -> Guess:
        """The likeliest language, however unlikely: the score tells."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data at [start, end) of the text that was asked about."""

    type: str
    start: int
    end: int
    score: float


class PiiFinder(HasModel, Protocol):
    """Finds personal data in texts."""

    def find(self, texts: Sequence[str]) -> Sequence[tuple[Finding, ...]]:
        """Everything found in each text, in any order; findings may overlap."""


class Linguist(HasModel, Protocol):
    """Counts kinds of words."""

    def count(self, texts: Sequence[str]) -> Sequence[Linguistics]:
        """Counts over each text."""
