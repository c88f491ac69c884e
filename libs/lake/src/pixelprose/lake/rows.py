"""A row of each table: the one source of columns, types and their documentation.

Columns in front of the groups are those that people look things up by.
"""

from datetime import date
from typing import Annotated, ClassVar

from msgspec import Meta

from pixelprose.lake.groups import Caption, Consent, Lineage, Position, Source, Submitted
from pixelprose.records import (
    Annotation,
    Group,
    Image,
    ImageId,
    ImageRejected,
    Rights,
    RowId,
    Screening,
    Sha256,
    Signals,
    SubmissionId,
)
from pixelprose.records.groups import Instant

IngestDate = Annotated[date, Meta(description="UTC date of `ingested_at`; tables are split by it.")]
IngestedAt = Annotated[
    Instant,
    Meta(
        description="The record's time on its topic, UTC: when it was sent, by its sender's clock."
    ),
]
EventId = Annotated[
    str,
    Meta(description="Identity of the row: the record's event id (`ce_id`), else its position's."),
]
Image_Id = Annotated[ImageId, Meta(description="SHA-256, hex, of the canonical URL.")]
Submission_Id = Annotated[
    SubmissionId, Meta(description="SHA-256, hex, of the act of submitting (schemas/README.md).")
]
Attempt = Annotated[
    int, Meta(description="0, and one more with each redrive or retry; the highest counts.")
]
Dataset = Annotated[
    str, Meta(description="Name of the data set or producer that the URL comes from.")
]
Bytes = Annotated[Sha256, Meta(description="SHA-256, hex, of the original image bytes.")]


class CaptionRow(Group, frozen=True, kw_only=True):
    """One caption with everything that made it."""

    ingest_date: IngestDate
    ingested_at: IngestedAt
    row_id: Annotated[
        RowId,
        Meta(
            description="Identity of the caption: SHA-256, hex, of sha256, policy hash, model name "
            "and revision."
        ),
    ]
    image_id: Image_Id
    submission_id: Submission_Id
    attempt: Attempt
    dataset: Dataset
    sha256: Bytes
    policy_hash: Annotated[str, Meta(description="SHA-256, hex, of the captioning policy.")]
    source: Annotated[Source, Meta(description="What was submitted, and how it was fetched.")]
    rights: Annotated[Rights, Meta(description="The right to use the image.")]
    image: Annotated[Image, Meta(description="The image and its rendition.")]
    consent: Annotated[Consent, Meta(description="What the publisher says about use.")]
    safety: Annotated[Screening, Meta(description="What the safety filter found.")]
    signals: Annotated[Signals, Meta(description="Signals of the image and its alt text.")]
    caption: Annotated[Caption, Meta(description="The caption.")]
    annotation: Annotated[Annotation, Meta(description="Signals of the caption.")]
    lineage: Annotated[Lineage, Meta(description="Where the record lies and who passed it on.")]


class ImageRow(Group, frozen=True, kw_only=True):
    """One screened and annotated image, captioned or not."""

    ingest_date: IngestDate
    ingested_at: IngestedAt
    row_id: EventId
    image_id: Image_Id
    submission_id: Submission_Id
    attempt: Attempt
    dataset: Dataset
    sha256: Bytes
    source: Annotated[Source, Meta(description="What was submitted, and how it was fetched.")]
    rights: Annotated[Rights, Meta(description="The right to use the image.")]
    image: Annotated[Image, Meta(description="The image and its rendition.")]
    consent: Annotated[Consent, Meta(description="What the publisher says about use.")]
    safety: Annotated[Screening, Meta(description="What the safety filter found.")]
    signals: Annotated[Signals, Meta(description="Signals of the image and its alt text.")]
    lineage: Annotated[Lineage, Meta(description="Where the record lies and who passed it on.")]


class RejectionRow(Group, frozen=True, kw_only=True):
    """How an attempt ended with a no; never a known-hash hit."""

    taken_from: ClassVar[type[Group]] = ImageRejected

    ingest_date: IngestDate
    ingested_at: IngestedAt
    row_id: EventId
    image_id: Image_Id
    submission_id: Submission_Id
    attempt: Attempt
    dataset: Dataset
    sha256: Sha256 | None
    policy_hash: str | None
    stage: str
    reason: str
    detail: str
    scores: dict[str, float]
    policy: str | None
    duplicate_of: SubmissionId | None
    rejected_at: Instant
    source: Annotated[Submitted, Meta(description="What was submitted.")]
    rights: Annotated[Rights, Meta(description="The right to use the image.")]
    consent: Annotated[
        Consent, Meta(description="What the publisher says about use, as far as it was seen.")
    ]
    lineage: Annotated[Lineage, Meta(description="Where the record lies and who passed it on.")]


class DeadLetterRow(Group, frozen=True, kw_only=True):
    """A record that no service could work on; its bytes are in the dead-letter topic alone."""

    ingest_date: IngestDate
    ingested_at: IngestedAt
    row_id: Annotated[
        str,
        Meta(description="Identity of the row: SHA-256, hex, of its place on the log."),
    ]
    image_id: Annotated[
        ImageId | None,
        Meta(description="SHA-256, hex, of the canonical URL; null before the ingester named it."),
    ]
    submission_id: Annotated[
        SubmissionId | None,
        Meta(description="The act of submitting; null where the headers name none."),
    ]
    attempt: Attempt
    stage: Annotated[
        str, Meta(description="Service, with its step, that could not work on the record.")
    ]
    stage_version: Annotated[str, Meta(description="Version of that service.")]
    reason: Annotated[str, Meta(description="Why (codes.yaml: dead_letter_reasons).")]
    error_class: Annotated[str, Meta(description="Type of the error; its text is in the topic.")]
    died_at: Annotated[Instant, Meta(description="When the service gave up, UTC.")]
    record: Annotated[Position, Meta(description="The record that nobody could work on.")]
    lineage: Annotated[Position, Meta(description="The dead letter itself: what a redrive takes.")]
