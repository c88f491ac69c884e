"""A submission as the ingester reads it: the record, and who it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pixelprose.records.groups import Hop, Submission, SubmissionId
from pixelprose.records.headers import Header, read
from pixelprose.records.identity import image_id, submission_id, submission_id_at
from pixelprose.records.records import ImageSubmitted
from pixelprose.streamkit import Message, TopicPartition, Undecodable, retries_of

_NUMBER: Final = re.compile("[0-9]{1,9}")
_DIGEST: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Submitted:
    """An ImageSubmitted with its identity, attempt and position.

    `retries` is how often this attempt came back from a retry topic.
    """

    record: ImageSubmitted
    submission_id: SubmissionId
    attempt: int
    at: TopicPartition
    offset: int
    retries: int = 0

    @property
    def lineage(self) -> tuple[Hop, ...]:
        """Nobody passed it on before."""
        return ()

    def submission(self, canonical_url: str) -> Submission:
        """Return the group that every later record keeps."""
        record = self.record
        return Submission(
            submission_id=self.submission_id,
            image_id=image_id(canonical_url),
            attempt=self.attempt,
            url=record.url,
            canonical_url=canonical_url,
            source=record.source,
            alt_text=record.alt_text,
            alt_text_language=record.alt_text_language,
            fields=record.fields,
            submitted_at=record.submitted_at,
        )


def submitted(record: ImageSubmitted, message: Message, *, cluster: str) -> Submitted:
    """Return the record with the identity that its headers, or else its position, give it.

    Raises:
        Undecodable: the attempt is no number, or the header names no submission.
    """
    identity, attempt = whose(message, cluster=cluster)
    retries = retries_of(message)
    return Submitted(record, identity, attempt, message.at, message.offset, retries)


def whose(message: Message, *, cluster: str) -> tuple[SubmissionId, int]:
    """Return the submission and the attempt of a message of the submitted topic, unread.

    A redrive (attempt 1 and on) of a record that had no event id names its submission in a header,
    since its position is another one now.

    Raises:
        Undecodable: the attempt is no number, or the header names no submission.
    """
    known = read(message.headers)
    text = known.get(Header.ATTEMPT, "0")
    if not _NUMBER.fullmatch(text):
        raise Undecodable(f"header {Header.ATTEMPT.value} is {text!r}, not a number")
    attempt = int(text)
    identity = _redriven(known) if attempt else None
    return identity or _identity(known, message, cluster), attempt


def _redriven(known: Mapping[Header, str]) -> SubmissionId | None:
    text = known.get(Header.SUBMISSION)
    if text is not None and not _DIGEST.fullmatch(text):
        raise Undecodable(f"header {Header.SUBMISSION.value} is no submission_id")
    return SubmissionId(text) if text else None


def _identity(known: Mapping[Header, str], message: Message, cluster: str) -> SubmissionId:
    source, event = known.get(Header.SOURCE), known.get(Header.ID)
    if source and event:
        return submission_id(ce_source=source, ce_id=event)
    return submission_id_at(
        cluster=cluster,
        topic=message.at.topic,
        partition=message.at.partition,
        offset=message.offset,
    )
