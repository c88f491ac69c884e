"""The codec of the pipeline: records of all topics, rejections, headers and lineage."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from pixelprose.records import headers
from pixelprose.records.codes import check_reason
from pixelprose.records.groups import (
    Evidence,
    Group,
    Hop,
    Rights,
    Submission,
    SubmissionId,
    evidence_of,
)
from pixelprose.records.headers import Header
from pixelprose.records.records import (
    CaptionAnnotated,
    CaptionGenerated,
    ImageRejected,
    ImageSubmitted,
    SafetyIncident,
)
from pixelprose.records.registry import Registry
from pixelprose.records.submitted import Submitted, submitted
from pixelprose.records.topics import record_of, topic_of_name
from pixelprose.records.wire import Wire
from pixelprose.streamkit import Message, Outgoing, Reject

BLOCKED = "blocked"
"""The one reason of a known-hash hit; nothing else is said of it in public."""

DUPLICATE_ROW = "duplicate_row"
"""The reason of the sink: what the record would be is in the table."""

_WITHOUT_RECORD = {BLOCKED, DUPLICATE_ROW}
"""Reasons whose rejection does not carry its record: one must not, the other need not, and a
caption may be as large as a record can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """Who passes records on; it goes into every output's lineage.

    Attributes:
        service: the service, with its step where it has several (`metadata-annotator.image`).
        stage: the service alone, which rejections name.
        cluster: the Kafka cluster's id, for submissions without CloudEvents attributes.
    """

    service: str
    stage: str
    version: str
    instance: str
    cluster: str


class RecordCodec:
    """Implements streamkit's `Codec` for every topic of the list.

    `canonical` gives the canonical URL of a submitted one, or the URL itself where it has none;
    only the ingester needs it, for its rejections.
    """

    def __init__(
        self,
        passing: Passing,
        registry: Registry,
        *,
        now: Callable[[], datetime],
        canonical: Callable[[str], str] = str,
    ) -> None:
        self._passing = passing
        self._registry = registry
        self._now = now
        self._canonical = canonical
        self._wires: dict[type[Group], Wire[Any]] = {}

    def prepare(self, records: Iterable[type[Group]]) -> None:
        """Look up the schema ids of these records now, at the start, and not at the first one.

        Raises:
            Stop: the registry does not know one.
            Unavailable: the registry does not answer.
        """
        for record in records:
            self._wire(record)

    def decode(self, message: Message) -> Any:  # noqa: ANN401 - the topic's record
        """Return the topic's record; of submitted images, a `Submitted`.

        Raises:
            Undecodable: the bytes are not that record.
            Unavailable: the registry does not answer.
        """
        record = self._wire(record_of(message.at.topic)).decode(message.value)
        if isinstance(record, ImageSubmitted):
            return submitted(record, message, cluster=self._passing.cluster)
        return record

    def prefix(self, record: type[Group]) -> bytes:
        """Return what the bytes of our own schema of `record` begin with."""
        return self._wire(record).prefix

    def beyond(self, record: Any, message: Message) -> dict[str, str]:  # noqa: ANN401 - the topic's record
        """Return what a newer schema says of `message` beyond the record that we read of it."""
        return self._wire(type(record)).beyond(message.value, record)

    def encode(self, record: Any, cause: Message) -> Outgoing:  # noqa: ANN401 - any record
        """Return the record's bytes, with one more hop in its lineage."""
        hop = self._hop(cause)
        passed = msgspec.structs.replace(record, lineage=(*record.lineage, hop))
        return Outgoing(
            topic=topic_of_name(type(record).__name__),
            key=record.submission.image_id.encode(),
            value=self._wire(type(record)).encode(passed),
            headers=self._headers(record, cause, hop),
        )

    def reject(self, rejected: Reject[Any], record: Any, cause: Message) -> Outgoing:  # noqa: ANN401 - any record
        """Return the rejection of `record`.

        Raises:
            ValueError: the reason is not on the list: a bug of the service.
        """
        check_reason(self._passing.stage, rejected.reason)
        submission, rights = self._who(record)
        hidden = rejected.reason == BLOCKED
        retried = rejected.reason not in _WITHOUT_RECORD
        known = Evidence() if hidden else _evidence(rejected, record)
        caption = getattr(record, "caption", None)
        rejection = ImageRejected(
            submission=submission,
            rights=rights,
            stage=self._passing.stage,
            reason=rejected.reason,
            detail="" if hidden else rejected.detail,
            scores={} if hidden else dict(rejected.scores),
            duplicate_of=SubmissionId(owner) if (owner := rejected.duplicate_of) else None,
            sha256=known.sha256,
            policy=caption and caption.policy,
            policy_hash=caption and caption.policy_hash,
            consent=known.consent,
            consent_policy=known.consent_policy,
            consent_policy_hash=known.consent_policy_hash,
            record_topic=cause.at.topic if retried else None,
            record=cause.value if retried else None,
            rejected_at=self._now(),
            lineage=record.lineage,
        )
        return self.encode(rejection, cause)

    def _who(self, record: Any) -> tuple[Submission, Rights]:  # noqa: ANN401 - any record
        if isinstance(record, Submitted):
            return record.submission(self._canonical(record.record.url)), record.record.rights
        return record.submission, record.rights

    def _hop(self, cause: Message) -> Hop:
        return Hop(
            service=self._passing.service,
            version=self._passing.version,
            instance=self._passing.instance,
            topic=cause.at.topic,
            partition=cause.at.partition,
            offset=cause.offset,
            at=self._now(),
        )

    def _headers(self, record: Any, cause: Message, hop: Hop) -> tuple[tuple[str, bytes], ...]:  # noqa: ANN401 - any record
        values = headers.event(
            record.submission,
            type(record).__name__,
            service=hop.service,
            time=hop.at,
            detail=_told_apart_by(record),
        )
        values[Header.TRACE] = headers.trace(cause, record.submission)
        if isinstance(record, CaptionAnnotated):
            values |= headers.public(record.submission, record.rights, record.caption)
        return headers.write(values)

    def _wire(self, record: type[Group]) -> Wire[Any]:
        if record not in self._wires:
            self._wires[record] = Wire(record, self._registry)
        return self._wires[record]


def _evidence(rejected: Reject[Any], record: Any) -> Evidence:  # noqa: ANN401 - any record
    """What the step found out, else what the record carries from the ingester."""
    match rejected.evidence:
        case Evidence() as found:
            return found
        case None:
            fetch, image = getattr(record, "fetch", None), getattr(record, "image", None)
            return evidence_of(fetch, sha256=image and image.sha256) if fetch else Evidence()
        case other:
            raise TypeError(f"no evidence that a rejection can say: {type(other).__name__}")


def _told_apart_by(record: object) -> str:
    """What differs between several records of one type that come of one submission's attempt."""
    match record:
        case CaptionGenerated() | CaptionAnnotated():
            return record.caption.policy_hash
        case ImageRejected():
            return record.policy_hash or ""
        case SafetyIncident():
            return record.incident_id
        case _:
            return ""
