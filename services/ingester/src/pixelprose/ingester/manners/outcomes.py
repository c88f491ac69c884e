"""What the end of a request says of the domain that was asked."""

from enum import Enum, auto

from pixelprose.ingester.errand import Reply
from pixelprose.ingester.refusal import Refusal

TOO_MANY = 429
UNAVAILABLE = 503
PASSING = frozenset({502, UNAVAILABLE, 504})
"""Errors that are mostly over soon; the other 5xx mostly come again."""

SERVER_ERRORS = 500


class Ended(Enum):
    """How a request ended."""

    ANSWERED = auto()
    """The domain works; a no is an answer too."""
    ENOUGH = auto()
    """It asked for a pause: 429, or 503 with Retry-After."""
    FAILED_FOR_NOW = auto()
    """It did not answer in time, or with 502, 503 or 504: another time it may."""
    FAILED = auto()
    """It failed in a way that mostly comes again."""
    NOT_ASKED = auto()
    """The request never reached it."""


def ended(refusal: Refusal | None, reply: Reply | None) -> Ended:
    """Judge a request by its refusal, if there is one, and the head of its answer, if one came."""
    if reply is None:
        return _unanswered(refusal)
    if reply.status == TOO_MANY or (reply.status == UNAVAILABLE and reply.retry_after):
        return Ended.ENOUGH
    if reply.status in PASSING or (refusal is not None and refusal.reason == "timeout"):
        return Ended.FAILED_FOR_NOW
    return Ended.FAILED if reply.status >= SERVER_ERRORS else Ended.ANSWERED


def _unanswered(refusal: Refusal | None) -> Ended:
    match refusal:
        case Refusal(reason="connect_failed" | "timeout"):
            return Ended.FAILED_FOR_NOW
        case Refusal(reason="tls_failed"):
            return Ended.FAILED
        case _:
            return Ended.NOT_ASKED
