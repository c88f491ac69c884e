"""What a fetch is for: what it asks for, when it may ask, and what of an answer it takes."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from yarl import URL

from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Refusal
from pixelprose.records import ConsentSignal

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """The head of an answer, as far as manners go."""

    status: int
    retry_after: str | None = None


class Turn(Protocol):
    """The right to send one request."""

    @property
    def signals(self) -> tuple[ConsentSignal, ...]:
        """What was known of the publisher's will before asking."""

    def over(self, refusal: Refusal | None, reply: Reply | None) -> PutOff | None:
        """Note how the request ended; return a value when it should be tried again later."""


Turns = Callable[[URL], AbstractAsyncContextManager[Turn | Refusal | PutOff]]
"""Wait for a turn at the host of a URL, or say why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One purpose of fetching.

    Attributes:
        accept: the Accept header.
        turn: asked before every request, redirects included.
        refuses: judges the headers of every answer, before its body is read.
        max_bytes: of the body; None is the fetcher's own limit.
        longer: what becomes of a longer body.
        policy: name and hash of the policy behind all this.
    """

    accept: str
    turn: Turns
    refuses: Callable[[Headers], Refusal | None]
    max_bytes: int | None = None
    longer: Literal["refused", "cut"] = "refused"
    policy: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class FreeTurn:
    """Nobody waits and nobody is remembered."""

    signals: tuple[ConsentSignal, ...] = ()

    def over(self, refusal: Refusal | None, reply: Reply | None) -> PutOff | None:  # noqa: ARG002 - as of Turn
        """Take every answer as it is."""
        return None


@asynccontextmanager
async def at_once(url: URL) -> AsyncIterator[Turn | Refusal | PutOff]:  # noqa: ARG001 - as of Turns
    """Let every request go: for tests and measurements on hosts of one's own."""
    yield FreeTurn()


def refuses_nothing(headers: Headers) -> Refusal | None:  # noqa: ARG001 - as of Errand
    """Take every answer."""
    return None
