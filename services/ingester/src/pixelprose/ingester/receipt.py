"""The decision about one attempt at one submission, as it is stored.

The web is not repeatable; this is what makes the step so. A delivery that finds a receipt ends as
the receipt says, whatever the web answers now.
"""

from datetime import datetime

import msgspec

from pixelprose.ingester.refusal import Refusal
from pixelprose.records import ImageFetched, SubmissionId
from pixelprose.streamkit import Undecodable


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The image lies in quarantine; `record` is emitted by whoever owns its bytes."""

    record: ImageFetched


class Place(msgspec.Struct, frozen=True):
    """Where in the log the submission stood that was decided about."""

    topic: str
    partition: int
    offset: int


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is needed to end this attempt again in the same way."""

    submission_id: SubmissionId
    attempt: int
    place: Place
    decision: Accepted | Refusal
    decided_at: datetime


def encoded(receipt: Receipt) -> bytes:
    """Return the receipt as JSON, for people may want to read it."""
    return msgspec.json.encode(receipt)


def decoded(data: bytes) -> Receipt:
    """Return the receipt that `encoded` wrote.

    Raises:
        Undecodable: it is none; something else wrote to the store.
    """
    try:
        return msgspec.json.decode(data, type=Receipt)
    except msgspec.DecodeError as error:
        raise Undecodable(f"a stored receipt: {error}") from error
