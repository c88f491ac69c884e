"""A submission's bad end: a dead letter or a rejection, with the record that it is about."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, Literal

from pixelprose.records import (
    Header,
    ImageRejected,
    ImageSubmitted,
    SubmissionId,
    topic_list,
    topic_of,
    whose,
)
from pixelprose.records.headers import CONTENT_TYPE, read, write
from pixelprose.streamkit import Headers, Message, TopicPartition, Undecodable

_OURS: Final = frozenset(
    f"dlq_{name}"
    for name in (
        "topic",
        "partition",
        "offset",
        "reason",
        "error_class",
        "error_text",
        "service",
        "service_version",
        "at",
    )
)
_NUMBER: Final = re.compile("[0-9]{1,9}")
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_PLACE: Final = re.compile(
    r"(?P<topic>[A-Za-z0-9._-]+):(?P<partition>\d{1,9}):(?P<offset>\d{1,18})"
)
_SUBMITTED: Final = topic_of(ImageSubmitted)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a dead letter or rejection lies; printed as `topic:partition:offset`."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Return the place that `str` printed.

        Raises:
            ValueError: it is none.
        """
        found = _PLACE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no id; ids look like topic:partition:offset")
        return cls(found[1], int(found[2]), int(found[3]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One bad end.

    Attributes:
        message: the dead letter or rejection itself.
        original: the record that it is about, as it came; null where a retry is not allowed.
        service: who gave up on it, with the step where it has several.
        error_text: may hold anything that was in the record; of a rejection, a sentence of ours.
        submission_id: null when the dead letter does not say.
    """

    kind: Literal["dead letter", "rejection"]
    message: Message
    original: Message | None
    service: str
    version: str
    reason: str
    error_class: str
    error_text: str
    submission_id: SubmissionId | None
    attempt: int

    @property
    def place(self) -> Place:
        """Its identity."""
        at = self.message.at
        return Place(at.topic, at.partition, self.message.offset)


def of_dead_letter(message: Message, *, cluster: str) -> Failure:
    """Return what a message of a dead-letter topic says.

    The topic's name, and not a header, tells where the record came from.

    Raises:
        KeyError: it is no dead-letter topic of the list.
    """
    topic, service = _origins()[message.at.topic]
    # Of a repeated header the last is ours; a stranger's may stand before it.
    said = {n: v.decode(errors="replace") for n, v in message.headers if n in _OURS}
    original = Message(
        at=TopicPartition(topic, _number(said.get("dlq_partition", ""))),
        offset=_number(said.get("dlq_offset", "")),
        key=message.key,
        value=message.value,
        headers=tuple((name, value) for name, value in message.headers if name not in _OURS),
        timestamp=message.timestamp,
    )
    submission, attempt = _whose(original, cluster)
    return Failure(
        kind="dead letter",
        message=message,
        original=original,
        service=service,
        version=said.get("dlq_service_version", ""),
        reason=said.get("dlq_reason", "unknown"),
        error_class=said.get("dlq_error_class", ""),
        error_text=said.get("dlq_error_text", ""),
        submission_id=submission,
        attempt=attempt,
    )


def of_rejection(message: Message, rejected: ImageRejected) -> Failure:
    """Return what a rejection says."""
    hop = rejected.lineage[-1] if rejected.lineage else None
    return Failure(
        kind="rejection",
        message=message,
        original=_input(message, rejected),
        service=hop.service if hop else rejected.stage,
        version=hop.version if hop else "",
        reason=rejected.reason,
        error_class="",
        error_text=rejected.detail,
        submission_id=rejected.submission.submission_id,
        attempt=rejected.submission.attempt,
    )


def _input(message: Message, rejected: ImageRejected) -> Message | None:
    """The input record; its own headers are gone, so a submission's are made anew."""
    if rejected.record is None or rejected.record_topic is None:
        return None
    who = rejected.submission
    headers: dict[Header, str] = {}
    if trace := read(message.headers).get(Header.TRACE):
        headers[Header.TRACE] = trace
    if rejected.record_topic == _SUBMITTED:
        headers |= {
            Header.SPEC: "1.0",
            Header.ID: f"{who.submission_id}/{who.attempt}",
            Header.SOURCE: "pixelprose/redrive",
            Header.TYPE: f"pixelprose.{ImageSubmitted.__name__}",
            Header.TIME: who.submitted_at.isoformat(),
            Header.CONTENT_TYPE: CONTENT_TYPE,
        }
    hop = rejected.lineage[-1] if rejected.lineage else None
    return Message(
        at=TopicPartition(rejected.record_topic, hop.partition if hop else -1),
        offset=hop.offset if hop else -1,
        key=message.key,
        value=rejected.record,
        headers=write(headers),
        timestamp=message.timestamp,
    )


@cache
def _origins() -> Mapping[str, tuple[str, str]]:
    """Topic and consumer behind each dead-letter topic."""
    listed = topic_list()
    return {
        listed.dead_letters.pattern.format(topic=topic.name, consumer=consumer): (
            topic.name,
            consumer,
        )
        for topic in listed.topics
        for consumer in topic.consumers
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else -1


def _whose(original: Message, cluster: str) -> tuple[SubmissionId | None, int]:
    if original.at.topic == _SUBMITTED:
        try:
            return whose(original, cluster=cluster)
        except Undecodable:
            # What the ingester could not read either: taken for a first attempt.
            return whose(replace(original, headers=plain(original.headers)), cluster=cluster)
    known = read(original.headers)
    submission, attempt = known.get(Header.SUBMISSION, ""), known.get(Header.ATTEMPT, "")
    return (
        SubmissionId(submission) if _DIGEST.fullmatch(submission) else None,
        int(attempt) if _NUMBER.fullmatch(attempt) else 0,
    )


def plain(headers: Headers) -> Headers:
    """Return the headers without those of an attempt: its number, its waits, the submission."""
    ours = {Header.SUBMISSION.value, Header.ATTEMPT.value, "retry_count"}
    return tuple((name, value) for name, value in headers if name not in ours)
