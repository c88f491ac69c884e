"""What a row is: a record's groups, behind columns that readers look things up by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from pixelprose.records import (
    Annotation,
    Caption,
    CaptionAnnotated,
    Fetch,
    Hop,
    Image,
    ImageId,
    ImageRejected,
    Rights,
    RowId,
    Screening,
    Sha256,
    Signals,
    Submission,
    SubmissionId,
)
from pixelprose.streamkit import Message, TopicPartition


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table (column name to value), with the position of its record."""

    at: TopicPartition
    offset: int
    values: Mapping[str, Any]


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where on the log the row's record lies."""

    topic: str
    partition: int
    offset: int


class CaptionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `captions`: one caption with everything that made it."""

    ingest_date: date
    row_id: RowId
    image_id: ImageId
    submission_id: SubmissionId
    attempt: int
    source: str
    sha256: Sha256
    submission: Submission
    rights: Rights
    fetch: Fetch
    image: Image
    screening: Screening
    signals: Signals
    caption: Caption
    annotation: Annotation
    lineage: tuple[Hop, ...]
    position: Position


class RejectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `rejections`: how a submission ended without a caption."""

    ingest_date: date
    image_id: ImageId
    submission_id: SubmissionId
    attempt: int
    source: str
    sha256: Sha256 | None
    stage: str
    reason: str
    detail: str
    scores: dict[str, float]
    policy: str | None
    policy_hash: str | None
    duplicate_of: SubmissionId | None
    rejected_at: datetime
    submission: Submission
    rights: Rights
    lineage: tuple[Hop, ...]
    position: Position


def caption_row(record: CaptionAnnotated, cause: Message) -> CaptionRow:
    """Return the row of a caption that was read as `cause`."""
    return CaptionRow(
        ingest_date=_day(cause),
        row_id=record.caption.row_id,
        image_id=record.submission.image_id,
        submission_id=record.submission.submission_id,
        attempt=record.submission.attempt,
        source=record.submission.source,
        sha256=record.image.sha256,
        submission=record.submission,
        rights=record.rights,
        fetch=record.fetch,
        image=record.image,
        screening=record.screening,
        signals=record.signals,
        caption=record.caption,
        annotation=record.annotation,
        lineage=record.lineage,
        position=_position(cause),
    )


def rejection_row(record: ImageRejected, cause: Message) -> RejectionRow:
    """Return the row of a rejection that was read as `cause`."""
    return RejectionRow(
        ingest_date=_day(cause),
        image_id=record.submission.image_id,
        submission_id=record.submission.submission_id,
        attempt=record.submission.attempt,
        source=record.submission.source,
        sha256=record.sha256,
        stage=record.stage,
        reason=record.reason,
        detail=record.detail,
        scores=record.scores,
        policy=record.policy,
        policy_hash=record.policy_hash,
        duplicate_of=record.duplicate_of,
        rejected_at=record.rejected_at,
        submission=record.submission,
        rights=record.rights,
        lineage=record.lineage,
        position=_position(cause),
    )


def plain(row: CaptionRow | RejectionRow) -> dict[str, Any]:
    """Return the row's columns as plain values, ready for Arrow."""
    values: dict[str, Any] = msgspec.to_builtins(row, builtin_types=(bytes, date, datetime))
    return values


def _day(cause: Message) -> date:
    # The broker's date, not this process's: a replay must land in the same partition.
    return cause.timestamp.date()


def _position(cause: Message) -> Position:
    return Position(topic=cause.at.topic, partition=cause.at.partition, offset=cause.offset)
