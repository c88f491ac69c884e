"""A row of `captions` as far as the report shows it.

Columns that a table has beyond these are not read, so a table may be newer than this program:
groups that are shown whole are the table's own, less strict.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from pixelprose.lake import groups as lake
from pixelprose.records import groups


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Some fields of a group of columns."""


class Model(groups.Model, frozen=True, forbid_unknown_fields=False):
    """A model as it was used."""


class Span(Part, frozen=True, kw_only=True):
    """Personal data in a text, by its characters."""

    type: str
    start: int
    end: int
    action: str


class Fetch(lake.Fetched, frozen=True, forbid_unknown_fields=False):
    """How the bytes were fetched."""


class Source(Part, frozen=True, kw_only=True):
    """What was submitted. Its own fields may name people and are not read."""

    url: str
    alt_text: str | None
    submitted_at: datetime
    fetch: Fetch


class Rights(groups.Rights, frozen=True, forbid_unknown_fields=False):
    """The right to use the image."""


class Image(Part, frozen=True, kw_only=True):
    """The original image."""

    format: str
    width: int
    height: int
    bytes: int


class ConsentSignal(groups.ConsentSignal, frozen=True, forbid_unknown_fields=False):
    """A word of the publisher about use."""


class Consent(Part, frozen=True, kw_only=True):
    """What the publisher says about use."""

    signals: tuple[ConsentSignal, ...]
    consent_policy: str | None


class HashList(groups.HashList, frozen=True, forbid_unknown_fields=False):
    """A list of known hashes that was consulted."""


class Safety(Part, frozen=True, kw_only=True):
    """What the safety filter found."""

    policy: str
    nsfw_score: float
    nsfw_model: Model
    hash_lists: tuple[HashList, ...]


class Toxicity(Part, frozen=True, kw_only=True):
    """The first of the toxicity scores."""

    toxicity: float


class AltTextSignals(Part, frozen=True, kw_only=True):
    """Signals of the alt text."""

    language: str | None
    toxicity: Toxicity | None
    pii: tuple[Span, ...]


class Word(Part, frozen=True, kw_only=True):
    """Words read in the image, and the box around them as shares of width and height."""

    text: str
    box: tuple[float, float, float, float]


class Signals(Part, frozen=True, kw_only=True):
    """Signals of the image and its alt text."""

    aesthetic: float
    aesthetic_model: Model
    watermark: str
    watermark_scores: Mapping[str, float]
    watermark_model: Model
    style: str
    style_model: Model
    words: tuple[Word, ...]
    words_model: Model
    alt_text: AltTextSignals
    language_model: Model
    toxicity_model: Model
    pii_model: Model


class Sampling(groups.Sampling, frozen=True, forbid_unknown_fields=False):
    """How tokens were drawn."""


class Caption(Part, frozen=True, kw_only=True):
    """The caption and what made it."""

    text: str
    absent: tuple[str, ...]
    absent_requested: bool
    kind: str
    language: str
    policy: str
    selection: str
    prompt_id: str
    prompt: str
    hint_used: bool
    model: Model
    engine: str
    sampling: Sampling
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str
    generated_at: datetime


class TextCheck(groups.TextCheck, frozen=True, forbid_unknown_fields=False):
    """Quoted words against words read."""


class Linguistics(Part, frozen=True, kw_only=True):
    """Counts over the caption."""

    words: int


class Annotation(Part, frozen=True, kw_only=True):
    """Signals of the caption."""

    toxicity: Toxicity
    toxicity_model: Model
    pii: tuple[Span, ...]
    pii_model: Model
    text_check: TextCheck
    linguistics: Linguistics
    linguistics_model: Model
    policy: str


class Hop(groups.Hop, frozen=True, forbid_unknown_fields=False):
    """A service that passed it on."""


class Lineage(Part, frozen=True, kw_only=True):
    """Where the record lies and who passed it on."""

    topic: str
    partition: int
    offset: int
    schema_id: int
    hops: tuple[Hop, ...]


class Row(Part, frozen=True, kw_only=True):
    """One caption with everything that the report shows of it."""

    row_id: str
    image_id: str
    submission_id: str
    attempt: int
    dataset: str
    sha256: str
    policy_hash: str
    ingested_at: datetime
    source: Source
    rights: Rights
    image: Image
    consent: Consent
    safety: Safety
    signals: Signals
    caption: Caption
    annotation: Annotation
    lineage: Lineage


COLUMNS = ", ".join(Row.__struct_fields__)
"""What to select, for `row_of`."""


def row_of(values: Mapping[str, Any]) -> Row:
    """Return the row of plain values.

    Raises:
        msgspec.ValidationError: a column holds what it must not.
    """
    return msgspec.convert(values, Row)
