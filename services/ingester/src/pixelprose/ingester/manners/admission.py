"""The manners of a fetch put together: robots.txt first, then a turn; headers as they come."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from yarl import URL

from pixelprose.ingester.errand import Errand, Headers, Turn, refuses_nothing
from pixelprose.ingester.fetch import ACCEPT
from pixelprose.ingester.manners.opt_outs import refused_by_headers
from pixelprose.ingester.manners.policy import ConsentPolicy
from pixelprose.ingester.manners.robots_files import (
    LONGEST_BYTES,
    UNREACHABLE_FOR,
    Known,
    RobotsFiles,
)
from pixelprose.ingester.manners.turns import DomainTurns
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Refusal
from pixelprose.records import ConsentSignal

ROBOTS_SIGNAL: Final = "robots.txt"


class Manners:
    """How images are asked for; a redirect is asked for like any other URL."""

    def __init__(
        self, robots: RobotsFiles, turns: DomainTurns, policy: ConsentPolicy, *, token: str
    ) -> None:
        self._robots = robots
        self._turns = turns
        self._policy = policy
        self._token = token
        self.image = Errand(
            accept=ACCEPT,
            turn=self._turn,
            refuses=self._refuses,
            policy=(policy.label, policy.hash),
        )

    @asynccontextmanager
    async def _turn(self, url: URL) -> AsyncIterator[Turn | Refusal | PutOff]:
        known = await self._robots.of(url)
        leave = _judged(url, known, self._policy) if isinstance(known, Known) else known
        if isinstance(leave, Refusal | PutOff):
            yield leave
            return
        delay, signal = leave
        turn = self._turns.turn(url.raw_host or "", delay_seconds=delay, signals=(signal,))
        async with turn as given:
            yield given

    def _refuses(self, headers: Headers) -> Refusal | None:
        return refused_by_headers(headers, self._policy, token=self._token)


def robots_errand(turns: DomainTurns) -> Errand:
    """How robots.txt is asked for: it needs no leave, and its turn is outside the beat."""

    @asynccontextmanager
    async def turn(url: URL) -> AsyncIterator[Turn | Refusal | PutOff]:
        async with turns.beside(url.raw_host or "") as given:
            yield given

    return Errand(
        accept="text/plain",
        turn=turn,
        refuses=refuses_nothing,
        max_bytes=LONGEST_BYTES,
        longer="cut",
    )


def _judged(
    url: URL, known: Known, policy: ConsentPolicy
) -> tuple[float, ConsentSignal] | Refusal | PutOff:
    rules, file = known.rules, known.file
    if rules is None:
        no = Refusal("robots_unreachable", "robots.txt can't be read, which means no")
        return PutOff(no, UNREACHABLE_FOR.total_seconds())
    if shut := rules.refuses(str(url)):
        return Refusal("robots_disallowed", f"robots.txt: the rules of {shut!r} ({policy.label})")
    said = "allowed" if file.read_at else "absent"
    return rules.delay_seconds, ConsentSignal(
        name=ROBOTS_SIGNAL, value=said, seen_at=file.read_at or file.asked_at
    )
