"""The captioning policy: everything that changes captions besides the model, as frozen data.

A policy has no defaults: its file says all, so that its hash stands for all.
"""

import re
from functools import cached_property
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pixelprose.captioner.documents import read_document
from pixelprose.records import Sampling, policy_hash

ALT_TEXT: Final = "{alt_text}"

_STRICT: Final = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
_Text = Annotated[str, Field(min_length=1, max_length=4000)]
_Share = Annotated[float, Field(ge=0, le=1)]


class Prompt(BaseModel):
    """One way to ask; drawn in proportion to its weight."""

    model_config = _STRICT

    id: _Name
    weight: float = Field(gt=0)
    text: _Text


class Hint(BaseModel):
    """The sentence that shows the alt text, of which at most `max_characters` are used."""

    model_config = _STRICT

    probability: _Share
    text: _Text
    max_characters: int = Field(ge=1)

    @model_validator(mode="after")
    def _shows_the_alt_text_once(self) -> Self:
        if self.text.count(ALT_TEXT) != 1:
            raise ValueError(f"the hint's text must contain {ALT_TEXT} once")
        return self


class Absent(BaseModel):
    """The sentence that asks for absent things; its answer begins with `opening`."""

    model_config = _STRICT

    probability: _Share
    opening: _Text
    text: _Text
    max_items: int = Field(ge=1)

    @model_validator(mode="after")
    def _asks_for_its_opening(self) -> Self:
        if self.opening not in self.text:
            raise ValueError("the text must quote the opening, or no answer could be told apart")
        return self


class Leaks(BaseModel):
    """What shows that a sentence speaks of the request and not of the image."""

    model_config = _STRICT

    words: int = Field(ge=3)
    """So many words in a row that are also in our own instructions."""
    phrases: tuple[_Text, ...]


class Limits(BaseModel):
    """Where a caption is too short or too repetitive to keep."""

    model_config = _STRICT

    minimum_words: int = Field(ge=1)
    repetition_ngram: int = Field(ge=2)
    maximum_repetition: _Share


class SamplingRules(BaseModel):
    """How tokens are drawn. Temperature 0 is greedy."""

    model_config = _STRICT

    temperature: float = Field(ge=0, le=2)
    top_p: float = Field(gt=0, le=1)
    max_tokens: int = Field(ge=1)
    seed: int = Field(ge=0)


class Policy(BaseModel):
    """A captioning policy. `language` is what the prompts ask in and so the caption's own."""

    model_config = _STRICT

    name: _Name
    version: int = Field(ge=1)
    kind: _Name
    language: str = Field(pattern=r"^[a-z]{2,3}$")
    opening: _Text
    prompts: tuple[Prompt, ...] = Field(min_length=1)
    hint: Hint
    absent: Absent
    sampling: SamplingRules
    leaks: Leaks
    refusals: tuple[_Text, ...]
    limits: Limits

    @model_validator(mode="after")
    def _prompts_have_ids_of_their_own(self) -> Self:
        if len({prompt.id for prompt in self.prompts}) < len(self.prompts):
            raise ValueError("two prompts have the same id")
        return self

    @cached_property
    def label(self) -> str:
        """Name and version, as rows carry them."""
        return f"{self.name}/{self.version}"

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the whole policy: equal if and only if every value is."""
        return policy_hash(self.model_dump(mode="json"))

    @cached_property
    def draws(self) -> Sampling:
        """The sampling as records carry it."""
        return Sampling(**self.sampling.model_dump())

    @cached_property
    def instructions(self) -> tuple[str, ...]:
        """Every text of ours that a model may repeat instead of describing; without alt text."""
        asked = (prompt.text for prompt in self.prompts)
        return (*asked, *re.split(re.escape(ALT_TEXT), self.hint.text), self.absent.text)


def read_policy(source: str) -> Policy:
    """Return the policy that `source` names: packaged, or a path.

    Raises:
        Stop: it is missing, or not valid.
    """
    return read_document(source, Policy)
