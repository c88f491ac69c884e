"""What an answer of an S3 server means for us. Pure; judged by type, status and error code."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError

from pixelprose.objectstore.errors import (
    ObjectMissing,
    StoreError,
    StoreLacks,
    StoreRefused,
    StoreUnavailable,
)

# What the SDK and its pool raise when a request fails; the last two when an answer can't be read.
FAILURES = (MinioException, HTTPError, ParseError, UnicodeDecodeError)
NOT_S3 = (InvalidResponseError, ParseError, UnicodeDecodeError)

_NOT_IMPLEMENTED, _INSUFFICIENT_STORAGE = 501, 507
_SERVER_FAULTS = range(500, 600)

_FULL = {"XMinioStorageFull", "QuotaExceeded", "InsufficientCapacity"}
_WRONG_CLOCK = {"RequestTimeTooSkewed", "RequestExpired"}
# Answers below 500 that time alone can heal: time-out, conflict of two writers, too many requests.
_BUSY = {"RequestTimeout", "SlowDown", "OperationAborted", "ConditionalRequestConflict"}
_BUSY_STATUS = {408, 409, 429}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request went, for messages."""

    endpoint: str
    bucket: str

    def __str__(self) -> str:
        return f"bucket {self.bucket!r} at {self.endpoint}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The part of an HTTP answer that tells what went wrong."""

    status: int
    code: str = ""
    message: str = ""


def meaning(error: Exception, *, place: Place, key: str = "") -> StoreError:
    """The error of ours that says who must act on ``error``."""
    if isinstance(error, S3Error):
        answer = Answer(error.response.status, error.code or "", error.message or "")
        return judge(answer, place=place, key=key)
    if isinstance(error, ServerError):
        return judge(Answer(error.status_code, message=str(error)), place=place, key=key)
    if isinstance(error, NOT_S3):
        return StoreUnavailable(
            f"{place} answers, but not as S3 does ({error}); is this the server?"
        )
    return StoreUnavailable(f"{place} does not answer: {error}; is the server up and reachable?")


def judge(answer: Answer, *, place: Place, key: str = "") -> StoreError:
    """The error of ours that says who must act on a failed request."""
    if answer.code == "NoSuchKey":
        return ObjectMissing(key)
    said = f"({answer.status} {answer.code} {answer.message}".rstrip() + ")"
    if passing := _what_passes(answer):
        return StoreUnavailable(f"{place} {passing} {said}")
    kind = StoreLacks if answer.status == _NOT_IMPLEMENTED else StoreRefused
    return kind(f"{place} {_what_stays(answer)} {said}")


def _what_passes(answer: Answer) -> str:
    """What is wrong for now, or nothing if the answer stands."""
    if answer.code in _FULL or answer.status == _INSUFFICIENT_STORAGE:
        return "is full; free space on the server"
    if answer.code in _BUSY or answer.status in _BUSY_STATUS:
        return "is busy"
    if answer.status in _SERVER_FAULTS and answer.status != _NOT_IMPLEMENTED:
        return "failed inside; see the server's log, and whether its disk is full"
    return ""


def _what_stays(answer: Answer) -> str:
    if answer.code == "NoSuchBucket":
        return "does not exist; create it, or set create_bucket"
    if answer.code in _WRONG_CLOCK:
        return "finds our clock wrong; set this machine's time"
    if answer.status == _NOT_IMPLEMENTED:
        return "cannot do this; use a server with the common S3 calls and If-None-Match"
    return "refused; check access_key, secret_key, region and the rights on the bucket"


@contextmanager
def translated(place: Place, key: str = "") -> Iterator[None]:
    """Raise what the SDK and its pool raise as the store's own errors."""
    try:
        yield
    except FAILURES as error:
        raise meaning(error, place=place, key=key) from error
