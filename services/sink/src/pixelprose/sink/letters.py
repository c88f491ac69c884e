"""Dead letters as rows: who, where and why, from the headers; never the bytes themselves."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from pixelprose.lake import DeadLetterRow, Position
from pixelprose.records import (
    Header,
    ImageId,
    ImageSubmitted,
    SubmissionId,
    submission_id,
    submission_id_at,
    topic_of,
)
from pixelprose.records.headers import read
from pixelprose.sink.guarded import AppId
from pixelprose.sink.row import Row
from pixelprose.streamkit import Emit, Message, Outcome, Reject, TopicPartition

_DIGEST: Final = re.compile("[0-9a-f]{64}")
_UNKNOWN: Final = "unknown"

_DIGITS: Final = 18
"""Of any number that fits into eight bytes."""


class LetterCodec:
    """Reads dead letters of every topic, and refuses none: nothing dies twice.

    A letter without our headers (nobody of ours writes such) says `unknown`. `cluster` is the
    Kafka cluster's id, for submissions that are known by their position alone; `apps` are the
    identities of the partitions that letters are read from.
    """

    def __init__(self, *, cluster: str, apps: Mapping[TopicPartition, AppId]) -> None:
        self._cluster = cluster
        self._apps = apps

    def decode(self, message: Message) -> DeadLetterRow:
        """Return the row of a dead letter."""
        ours = {
            name: value.decode(errors="replace")
            for name, value in message.headers
            if name.startswith("dlq_")
        }
        known = read(message.headers)
        record = Position(
            topic=ours.get("dlq_topic", _UNKNOWN),
            partition=_number(ours.get("dlq_partition")),
            offset=_number(ours.get("dlq_offset")),
        )
        stage = ours.get("dlq_service", _UNKNOWN)
        return DeadLetterRow(
            ingest_date=message.timestamp.date(),
            ingested_at=message.timestamp,
            row_id=self._row_id(message),
            image_id=_image_id(record, message.key),
            submission_id=self._submission(known, record),
            attempt=_number(known.get(Header.ATTEMPT)),
            stage=stage,
            stage_version=ours.get("dlq_service_version", _UNKNOWN),
            reason=ours.get("dlq_reason", _UNKNOWN),
            error_class=ours.get("dlq_error_class", _UNKNOWN),
            died_at=_time(ours.get("dlq_at")) or message.timestamp,
            record=record,
            lineage=Position(
                topic=message.at.topic, partition=message.at.partition, offset=message.offset
            ),
        )

    def encode(self, record: DeadLetterRow, cause: Message) -> Row:
        """Return the row with its position."""
        return Row(cause.at, cause.offset, record, row_id=record.row_id)

    def reject(
        self,
        rejected: Reject[DeadLetterRow],  # noqa: ARG002 - a Codec has it
        record: DeadLetterRow,  # noqa: ARG002 - a Codec has it
        cause: Message,  # noqa: ARG002 - a Codec has it
    ) -> Row:
        """Refuse: what reached the sink has ended already.

        Raises:
            TypeError: always.
        """
        raise TypeError("the sink rejects nothing")

    def _row_id(self, message: Message) -> str:
        """A letter's place, in this topic and in no other that had its name before."""
        # A partition that came since has no identity yet: its first commit ends the process.
        app = self._apps.get(message.at, str(message.at))
        return hashlib.sha256(f"{app}/{message.offset}".encode()).hexdigest()

    def _submission(self, known: Mapping[Header, str], record: Position) -> SubmissionId | None:
        given = known.get(Header.SUBMISSION)
        if given and _DIGEST.fullmatch(given):
            return SubmissionId(given)
        if record.topic != topic_of(ImageSubmitted):
            return None
        # As the ingester would have named it, had it been able to.
        source, event = known.get(Header.SOURCE), known.get(Header.ID)
        if source and event:
            return submission_id(ce_source=source, ce_id=event)
        return submission_id_at(
            cluster=self._cluster,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )


def keep_letter(row: DeadLetterRow) -> Outcome[DeadLetterRow]:
    """Every dead letter becomes a row."""
    return Emit((row,))


def _image_id(record: Position, key: bytes | None) -> ImageId | None:
    """The key, but of submitted images, whose key is the producer's choice."""
    text = (key or b"").decode(errors="replace")
    if record.topic == topic_of(ImageSubmitted) or not _DIGEST.fullmatch(text):
        return None
    return ImageId(text)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) <= _DIGITS else 0


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
