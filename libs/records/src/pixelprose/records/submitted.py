"""A submission as the ingester reads it: the record, and who it is."""

from dataclasses import dataclass

from pixelprose.records.groups import Hop, Submission, SubmissionId
from pixelprose.records.headers import Header, read
from pixelprose.records.identity import image_id, submission_id, submission_id_at
from pixelprose.records.records import ImageSubmitted
from pixelprose.streamkit import Message, TopicPartition, Undecodable


@dataclass(frozen=True, slots=True)
class Submitted:
    """An ImageSubmitted with its identity, attempt and position."""

    record: ImageSubmitted
    submission_id: SubmissionId
    attempt: int
    at: TopicPartition
    offset: int

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
        Undecodable: the attempt is no number.
    """
    headers = read(message.headers)
    source, event = headers.get(Header.SOURCE), headers.get(Header.ID)
    identity = (
        submission_id(ce_source=source, ce_id=event)
        if source and event
        else submission_id_at(
            cluster=cluster,
            topic=message.at.topic,
            partition=message.at.partition,
            offset=message.offset,
        )
    )
    attempt = headers.get(Header.ATTEMPT, "0")
    if not attempt.isdecimal():
        raise Undecodable(f"header {Header.ATTEMPT.value} is {attempt!r}, not a number")
    return Submitted(record, identity, int(attempt), message.at, message.offset)
