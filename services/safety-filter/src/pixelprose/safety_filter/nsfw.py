"""The port to a model that scores images for unsafe content."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from PIL import Image

from pixelprose.records import Model


class ModelNotLoaded(Exception):
    """The model can't be used; the message says what is missing and what to do."""


class NsfwScorer(Protocol):
    """An image classifier; which of its labels are unsafe is the policy's business."""

    @property
    def model(self) -> Model:
        """The model as it is used."""

    @property
    def labels(self) -> frozenset[str]:
        """All labels it gives."""

    def score(self, images: Sequence[Image.Image]) -> Sequence[Mapping[str, float]]:
        """For each RGB image, in order, the probability of every label, in [0, 1], sum 1."""
