"""The records: one frozen class per topic's record, tied to its schema field by field."""

import msgspec

from pixelprose.records.groups import (
    Annotation,
    Caption,
    ConsentSignal,
    Fetch,
    Group,
    Hop,
    Image,
    Instant,
    Rights,
    Screening,
    Sha256,
    Signals,
    Submission,
    SubmissionId,
)


class ImageSubmitted(Group, frozen=True, kw_only=True):
    """A URL (or other source URI) somebody wants captioned; any producer may write it."""

    url: str
    source: str
    alt_text: str | None = None
    alt_text_language: str | None = None
    rights: Rights = Rights()
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    submitted_at: Instant


class ImageFetched(Group, frozen=True, kw_only=True):
    """Bytes were fetched, decoded and lie in quarantine."""

    submission: Submission
    rights: Rights
    fetch: Fetch
    image: Image
    lineage: tuple[Hop, ...] = ()


class ImageScreened(Group, frozen=True, kw_only=True):
    """The image passed the safety filter and was promoted out of quarantine."""

    submission: Submission
    rights: Rights
    fetch: Fetch
    image: Image
    screening: Screening
    lineage: tuple[Hop, ...] = ()


class ImageAnnotated(Group, frozen=True, kw_only=True):
    """Signals of the image are known; a selection can decide. Compacted: what replays read."""

    submission: Submission
    rights: Rights
    fetch: Fetch
    image: Image
    screening: Screening
    signals: Signals
    lineage: tuple[Hop, ...] = ()


class CaptionGenerated(Group, frozen=True, kw_only=True):
    """A caption, raw and clean; internal, since personal data is not dealt with yet."""

    submission: Submission
    rights: Rights
    fetch: Fetch
    image: Image
    screening: Screening
    signals: Signals
    caption: Caption
    raw: str
    lineage: tuple[Hop, ...] = ()


class CaptionAnnotated(Group, frozen=True, kw_only=True):
    """A caption with everything needed to trust and filter it; the public record."""

    submission: Submission
    rights: Rights
    fetch: Fetch
    image: Image
    screening: Screening
    signals: Signals
    caption: Caption
    annotation: Annotation
    lineage: tuple[Hop, ...] = ()


class ImageRejected(Group, frozen=True, kw_only=True):
    """A submission that ended with a no. For known-hash hits only `blocked` is said."""

    submission: Submission
    rights: Rights
    stage: str
    reason: str
    detail: str
    scores: dict[str, float]
    duplicate_of: SubmissionId | None
    sha256: Sha256 | None
    policy: str | None = None
    """Captioning policy of the rejected caption; null where there was no caption yet."""
    policy_hash: str | None = None
    consent: tuple[ConsentSignal, ...] = ()
    """What the publisher says about use, as far as it was seen."""
    consent_policy: str | None = None
    consent_policy_hash: str | None = None
    record_topic: str | None
    """Topic of the input record, for a retry; null where a retry is not allowed."""
    record: bytes | None
    """The input record in Confluent wire format; null where a retry is not allowed."""
    rejected_at: Instant
    lineage: tuple[Hop, ...] = ()


class SafetyIncident(Group, frozen=True, kw_only=True):
    """A known-hash hit; restricted."""

    incident_id: str
    submission: Submission
    sha256: Sha256
    pdq: str
    list_name: str
    list_version: str
    distance: int
    """Hamming distance in bits, 0-256."""
    detected_at: Instant
    review_state: str = "open"
    lineage: tuple[Hop, ...] = ()


class Takedown(Group, frozen=True, kw_only=True):
    """What must disappear and stay away."""

    kind: str
    """url | domain | sha256 | pdq."""
    value: str
    """Keyed HMAC of a URL; the others in clear."""
    reason: str
    requested_at: Instant
    effective_at: Instant


class Redrive(Group, frozen=True, kw_only=True):
    """What was decided, once and for good, about one dead letter or rejection."""

    topic: str
    partition: int
    offset: int
    topic_id: str
    """Kafka's own id of the topic: one that is made anew counts its offsets anew."""
    action: str
    """redriven | dropped."""
    submission_id: SubmissionId | None
    attempt: int | None
    """The new attempt: one more than the highest before; null when dropped."""
    record_topic: str | None
    """Topic that the record was put back into; null when dropped."""
    service: str
    """Service, with its step, that had rejected it or written its dead letter."""
    reason: str
    note: str | None
    by: str
    decided_at: Instant
