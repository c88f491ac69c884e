"""The groups of fields that records are built from; each mirrors a named part of `schemas/`."""

from datetime import datetime
from typing import Annotated, NewType, TypeAlias

import msgspec

SubmissionId = NewType("SubmissionId", str)
"""SHA-256 (hex) of the act of submitting; see `identity.submission_id`."""

ImageId = NewType("ImageId", str)
"""SHA-256 (hex) of the canonical URL; the key of the image and caption topics."""

Sha256 = NewType("Sha256", str)
"""SHA-256 (hex) of the original image bytes."""

RowId = NewType("RowId", str)
"""SHA-256 (hex) of (sha256, policy hash, model and revision): identity of a caption."""

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone, to the microsecond; UTC when it comes from the wire."""


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen group of typed fields."""


class Rights(Group, frozen=True, kw_only=True):
    """What is known about the right to use the image."""

    licence: str | None = None
    licence_url: str | None = None
    attribution: str | None = None
    basis: str = "unknown"
    """declared | source_default | unknown."""


class Submission(Group, frozen=True, kw_only=True):
    """One act of submitting one URL."""

    submission_id: SubmissionId
    image_id: ImageId
    attempt: int
    url: str
    canonical_url: str
    source: str
    alt_text: str | None
    alt_text_language: str | None
    fields: dict[str, str]
    submitted_at: Instant


class ConsentSignal(Group, frozen=True, kw_only=True):
    """A machine-readable word of the publisher about use, as it was seen."""

    name: str
    value: str
    seen_at: Instant


class Fetch(Group, frozen=True, kw_only=True):
    """How the bytes were fetched."""

    final_url: str
    status: int
    redirects: tuple[str, ...]
    address: str
    content_type: str | None
    etag: str | None
    last_modified: str | None
    user_agent: str
    fetched_at: Instant
    seconds: float
    consent: tuple[ConsentSignal, ...]
    consent_policy: str | None = None
    consent_policy_hash: str | None = None


class Evidence(Group, frozen=True, kw_only=True):
    """What is known of an image that is rejected, beyond the reason; as of `Fetch` and `Image`."""

    consent: tuple[ConsentSignal, ...] = ()
    consent_policy: str | None = None
    consent_policy_hash: str | None = None
    sha256: Sha256 | None = None


class Image(Group, frozen=True, kw_only=True):
    """The image and its rendition. Sizes are in pixels after EXIF orientation."""

    sha256: Sha256
    bytes: int
    format: str
    mode: str
    frames: int
    width: int
    height: int
    pdq: str
    pdq_quality: int
    pdq_version: str
    exif: dict[str, str]
    original_key: str | None
    rendition_key: str
    rendition_width: int
    rendition_height: int
    rendition_bytes: int


class Model(Group, frozen=True, kw_only=True):
    """A model as it was used: enough to find the same weights again."""

    name: str
    revision: str
    library: str


class HashList(Group, frozen=True, kw_only=True):
    """A known-hash list that was consulted."""

    name: str
    version: str
    entries: int


class Screening(Group, frozen=True, kw_only=True):
    """What the safety filter found; the image passed."""

    policy: str
    policy_hash: str
    nsfw_score: float
    nsfw_labels: dict[str, float]
    nsfw_model: Model
    hash_lists: tuple[HashList, ...]
    screened_at: Instant


class Word(Group, frozen=True, kw_only=True):
    """Words read in the image. The box is (left, top, right, bottom), each in [0, 1]."""

    text: str
    confidence: float
    box: tuple[float, float, float, float]


class Toxicity(Group, frozen=True, kw_only=True):
    """Detoxify's seven scores, each in [0, 1]."""

    toxicity: float
    severe_toxicity: float
    obscene: float
    identity_attack: float
    insult: float
    threat: float
    sexual_explicit: float


class PiiSpan(Group, frozen=True, kw_only=True):
    """Personal data in a text, by position in characters; never the text itself."""

    type: str
    start: int
    end: int
    score: float
    action: str
    """masked | kept."""


class AltTextSignals(Group, frozen=True, kw_only=True):
    """Signals of the alt text; all of them empty when there is none."""

    language: str | None
    language_score: float | None
    toxicity: Toxicity | None
    pii: tuple[PiiSpan, ...]


class Signals(Group, frozen=True, kw_only=True):
    """Signals of the image and its alt text, before any caption is paid for."""

    aesthetic: float
    """1 (poor) to 10 (excellent)."""
    aesthetic_model: Model
    watermark: str
    """watermark | none | text (no watermark but words)."""
    watermark_scores: dict[str, float]
    watermark_model: Model
    style: str
    style_scores: dict[str, float]
    style_model: Model
    words: tuple[Word, ...]
    words_model: Model
    alt_text: AltTextSignals
    language_model: Model
    toxicity_model: Model
    pii_model: Model
    annotated_at: Instant


class Sampling(Group, frozen=True, kw_only=True):
    """How tokens were drawn."""

    temperature: float
    top_p: float
    max_tokens: int
    seed: int


class Caption(Group, frozen=True, kw_only=True):
    """A caption and everything that made it."""

    row_id: RowId
    text: str
    absent: tuple[str, ...]
    kind: str
    language: str
    policy: str
    policy_hash: str
    selection: str
    selection_hash: str
    prompt_id: str
    prompt: str
    hint_used: bool
    absent_requested: bool
    model: Model
    engine: str
    sampling: Sampling
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str
    generated_at: Instant
    seconds: float
    """Share of the batch's wall time, in seconds."""


class TextCheck(Group, frozen=True, kw_only=True):
    """Words quoted in the caption against words read in the image."""

    quoted: int
    found: int
    missing: int
    score: float | None
    """Mean similarity of the best matches in [0, 1]; null when nothing is quoted or read."""


class Linguistics(Group, frozen=True, kw_only=True):
    """Counts over the clean caption."""

    words: int
    characters: int
    sentences: int
    nouns: int
    distinct_nouns: int
    verbs: int
    adjectives: int


class Annotation(Group, frozen=True, kw_only=True):
    """Signals of the caption."""

    toxicity: Toxicity
    toxicity_model: Model
    pii: tuple[PiiSpan, ...]
    pii_model: Model
    text_check: TextCheck
    linguistics: Linguistics
    linguistics_model: Model
    policy: str
    policy_hash: str
    annotated_at: Instant


class Hop(Group, frozen=True, kw_only=True):
    """One service's passing of this submission; the codec appends it."""

    service: str
    version: str
    instance: str
    topic: str
    partition: int
    offset: int
    at: Instant


def evidence_of(fetch: Fetch, *, sha256: Sha256 | None) -> Evidence:
    """Return what is known of bytes that were fetched."""
    return Evidence(
        consent=fetch.consent,
        consent_policy=fetch.consent_policy,
        consent_policy_hash=fetch.consent_policy_hash,
        sha256=sha256,
    )
