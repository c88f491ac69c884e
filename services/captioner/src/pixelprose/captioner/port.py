"""The port: what the step asks of a model that describes images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pixelprose.records import Model, Sampling

FinishReason = Literal["stop", "length", "content_filter"]
"""The model ended; it ran into `max_tokens`; its operator's filter cut it off."""


class BrokenImage(ValueError):
    """The bytes of an image are no JPEG."""


@dataclass(frozen=True, slots=True)
class CaptionRequest:
    """One image (our own JPEG rendition) and one question about it."""

    image: bytes
    prompt: str
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model said. Tokens of the prompt include those of the image."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: FinishReason


class Captioner(Protocol):
    """A model that describes images.

    `model` says which weights, `engine` what runs them and how.
    """

    @property
    def model(self) -> Model:
        """Name, revision and library: the same weights can be found again."""

    @property
    def engine(self) -> str:
        """Library, device and precision that computed, for people."""

    def caption(self, requests: Sequence[CaptionRequest]) -> Sequence[Completion]:
        """Return one completion per request, in order; each as if it had been asked alone.

        A prompt that leaves the model no room for `max_tokens` gets no text, but `length`.

        Raises:
            BrokenImage: of any request; ask again without it.
            Unavailable: the model does not answer; the same requests may succeed later.
        """
