"""Headers: CloudEvents 1.0 in binary mode, and W3C trace context."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from pixelprose.records.groups import Caption, Rights, Submission
from pixelprose.streamkit import Headers, Message

CONTENT_TYPE = "application/vnd.confluent.avro"


class Header(Enum):
    """Names of the headers that we write."""

    SPEC = "ce_specversion"
    ID = "ce_id"
    SOURCE = "ce_source"
    TYPE = "ce_type"
    TIME = "ce_time"
    SUBJECT = "ce_subject"
    SUBMISSION = "ce_submissionid"
    ATTEMPT = "ce_attempt"
    CONTENT_TYPE = "content-type"
    TRACE = "traceparent"
    DATASET = "ce_dataset"
    POLICY = "ce_policy"
    LICENCE = "ce_licence"
    LANGUAGE = "ce_language"


def read(headers: Headers) -> dict[Header, str]:
    """Return the headers that we know, as text; of a repeated one, the last."""
    known = {header.value: header for header in Header}
    return {known[name]: value.decode(errors="replace") for name, value in headers if name in known}


def write(values: Mapping[Header, str]) -> Headers:
    """Return headers for the log."""
    return tuple((header.value, text.encode()) for header, text in values.items())


def event(
    submission: Submission, record: str, *, service: str, time: datetime, detail: str = ""
) -> dict[Header, str]:
    """Return the headers of an output; the same output of the same work has the same id.

    `detail` tells apart outputs of one record type: a policy's hash, an incident's list.
    """
    parts = (submission.submission_id, str(submission.attempt), record, detail)
    return {
        Header.SPEC: "1.0",
        Header.ID: hashlib.sha256("\0".join(parts).encode()).hexdigest(),
        Header.SOURCE: f"pixelprose/{service}",
        Header.TYPE: f"pixelprose.{record}",
        Header.TIME: time.isoformat(),
        Header.SUBJECT: submission.image_id,
        Header.SUBMISSION: submission.submission_id,
        Header.ATTEMPT: str(submission.attempt),
        Header.CONTENT_TYPE: CONTENT_TYPE,
    }


def public(submission: Submission, rights: Rights, caption: Caption) -> dict[Header, str]:
    """Return the headers that let consumers of captions filter without decoding.

    There is no licence header where no licence is known: CloudEvents has no empty attributes.
    """
    values = {
        Header.DATASET: submission.source,
        Header.POLICY: caption.policy,
        Header.LANGUAGE: caption.language,
    }
    return values | ({Header.LICENCE: rights.licence} if rights.licence else {})


def trace(cause: Message, submission: Submission) -> str:
    """Return the trace context: the cause's, or one made from the submission's identity.

    The trace id is the first 16 bytes of the submission_id, so that all attempts are one trace.
    """
    given = read(cause.headers).get(Header.TRACE)
    if given:
        return given
    position = f"{cause.at.topic}/{cause.at.partition}/{cause.offset}"
    span = hashlib.sha256(position.encode()).hexdigest()[:16]
    return f"00-{submission.submission_id[:32]}-{span}-01"
