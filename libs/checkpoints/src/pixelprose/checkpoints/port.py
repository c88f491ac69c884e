"""What a step asks of models that look at pictures. Pictures are RGB, answers keep the order."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from PIL import Image

from pixelprose.records import Model


class HasModel(Protocol):
    """Everything that answers says which weights answered."""

    @property
    def model(self) -> Model:
        """Name, revision and library: the same weights can be found again."""


class ImageClassifier(HasModel, Protocol):
    """Sorts pictures into classes."""

    @property
    def labels(self) -> frozenset[str]:
        """All classes it knows."""

    def classify(self, pictures: Sequence[Image.Image]) -> Sequence[Mapping[str, float]]:
        """The probability of every class in [0, 1], for each picture; they sum to 1."""
