"""Records as rows: a record's groups, behind columns that readers look things up by."""

import hashlib
import struct
from collections.abc import Mapping
from typing import Final, TypeGuard, TypeVar

from pixelprose.lake import (
    Caption,
    CaptionRow,
    Consent,
    Fetched,
    ImageRow,
    Lineage,
    RejectionRow,
    Source,
    Submitted,
)
from pixelprose.records import (
    CaptionAnnotated,
    Fetch,
    Group,
    Header,
    Hop,
    ImageAnnotated,
    ImageRejected,
    Submission,
)
from pixelprose.records.headers import read
from pixelprose.streamkit import Message

G = TypeVar("G", bound=Group)

Unknown = Mapping[str, str]
"""What a newer schema says beyond ours: JSON by path."""

_SCHEMA_ID: Final = struct.Struct(">I")


def caption_row(record: CaptionAnnotated, cause: Message, unknown: Unknown) -> CaptionRow:
    """Return the row of a caption that was read as `cause`."""
    submission, caption = record.submission, record.caption
    return CaptionRow(
        # The broker's date, not this process's: a replay must land in the same partition.
        ingest_date=cause.timestamp.date(),
        ingested_at=cause.timestamp,
        row_id=caption.row_id,
        image_id=submission.image_id,
        submission_id=submission.submission_id,
        attempt=submission.attempt,
        dataset=submission.source,
        sha256=record.image.sha256,
        policy_hash=caption.policy_hash,
        source=_source(submission, record.fetch),
        rights=record.rights,
        image=record.image,
        consent=_consent(record.fetch),
        safety=record.screening,
        signals=record.signals,
        caption=_part(Caption, caption),
        annotation=record.annotation,
        lineage=_lineage(record.lineage, cause, unknown),
    )


def image_row(record: ImageAnnotated, cause: Message, unknown: Unknown) -> ImageRow:
    """Return the row of an annotated image that was read as `cause`."""
    submission = record.submission
    return ImageRow(
        ingest_date=cause.timestamp.date(),
        ingested_at=cause.timestamp,
        row_id=event_id(cause),
        image_id=submission.image_id,
        submission_id=submission.submission_id,
        attempt=submission.attempt,
        dataset=submission.source,
        sha256=record.image.sha256,
        source=_source(submission, record.fetch),
        rights=record.rights,
        image=record.image,
        consent=_consent(record.fetch),
        safety=record.screening,
        signals=record.signals,
        lineage=_lineage(record.lineage, cause, unknown),
    )


def rejection_row(record: ImageRejected, cause: Message, unknown: Unknown) -> RejectionRow:
    """Return the row of a rejection that was read as `cause`."""
    submission = record.submission
    return RejectionRow(
        ingest_date=cause.timestamp.date(),
        ingested_at=cause.timestamp,
        row_id=event_id(cause),
        image_id=submission.image_id,
        submission_id=submission.submission_id,
        attempt=submission.attempt,
        dataset=submission.source,
        sha256=record.sha256,
        policy_hash=record.policy_hash,
        stage=record.stage,
        reason=record.reason,
        detail=record.detail,
        scores=record.scores,
        policy=record.policy,
        duplicate_of=record.duplicate_of,
        rejected_at=record.rejected_at,
        source=_part(Submitted, submission),
        rights=record.rights,
        consent=_consent(record),
        lineage=_lineage(record.lineage, cause, unknown),
    )


def is_of_content(row: CaptionRow | ImageRow | RejectionRow) -> TypeGuard[CaptionRow]:
    """Whether the row may be of another attempt as well.

    A caption's identity is what it is a caption of, by what. Other rows are of one event, named by
    its attempt.
    """
    return isinstance(row, CaptionRow)


def comes_again(row: CaptionRow | ImageRow | RejectionRow, *, instance: str) -> bool:
    """Whether the same row may have been written long ago, from another position.

    A replay by another deployment makes any row again, and a redrive the same caption.
    """
    if is_of_content(row) and row.attempt > 0:
        return True
    return any(hop.instance != instance for hop in row.lineage.hops)


def _part(group: type[G], record: Group) -> G:
    """Return those fields of a record's group that the row's group has."""
    return group(**{name: getattr(record, name) for name in group.__struct_fields__})


def _source(submission: Submission, fetch: Fetch) -> Source:
    names = Submitted.__struct_fields__
    given = {name: getattr(submission, name) for name in names}
    return Source(**given, fetch=_part(Fetched, fetch))


def _lineage(hops: tuple[Hop, ...], cause: Message, unknown: Unknown) -> Lineage:
    return Lineage(
        topic=cause.at.topic,
        partition=cause.at.partition,
        offset=cause.offset,
        schema_id=schema_id(cause),
        hops=hops,
        unknown=dict(unknown),
    )


def schema_id(cause: Message) -> int:
    """Return the id of the Avro schema that a record was written by."""
    (found,) = _SCHEMA_ID.unpack_from(cause.value, 1)
    return int(found)


def event_id(cause: Message) -> str:
    """Return the record's event id, or one that is made of its position and time.

    The time tells it from the record that a topic of the same name had there before.
    """
    given = read(cause.headers).get(Header.ID)
    place = f"{cause.at.topic}/{cause.at.partition}/{cause.offset}@{cause.timestamp.isoformat()}"
    return given or hashlib.sha256(place.encode()).hexdigest()


def _consent(seen: Fetch | ImageRejected) -> Consent:
    return Consent(
        signals=seen.consent,
        consent_policy=seen.consent_policy,
        consent_policy_hash=seen.consent_policy_hash,
    )
