"""The manners of a fetch put together: what the site says, then a turn; headers as they come."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from yarl import URL

from pixelprose.ingester.consent import LONGEST
from pixelprose.ingester.errand import Errand, Headers, Turn, refuses_nothing
from pixelprose.ingester.fetch import ACCEPT
from pixelprose.ingester.manners.judging import Judging
from pixelprose.ingester.manners.opt_outs import refused_by_headers
from pixelprose.ingester.manners.origin_files import (
    LONGEST_BYTES,
    UNREACHABLE_FOR,
    Known,
    OriginFiles,
)
from pixelprose.ingester.manners.policy import ConsentPolicy
from pixelprose.ingester.manners.robots import Robots
from pixelprose.ingester.manners.tdm_file import TdmFile
from pixelprose.ingester.manners.turns import DomainTurns
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Refusal
from pixelprose.records import ConsentSignal

ROBOTS_SIGNAL: Final = "robots.txt"
TDM_SIGNAL: Final = "tdmrep.json"

NOT_JUDGED: Final = "not judged"
ENDLESS: Final = "takes too long to judge for a URL of this length, which means no"

Leave = tuple[float, tuple[ConsentSignal, ...]]
"""Seconds that the site wants between two requests, and what it said."""


class Manners:
    """How images are asked for; a redirect is asked for like any other URL."""

    def __init__(
        self,
        robots: OriginFiles[Robots],
        reservations: OriginFiles[TdmFile] | None,
        turns: DomainTurns,
        policy: ConsentPolicy,
        *,
        token: str,
    ) -> None:
        self._robots = robots
        self._reservations = reservations
        self._turns = turns
        self._policy = policy
        self._token = token
        self._judging = Judging()
        self.image = Errand(
            accept=ACCEPT,
            turn=self._turn,
            refuses=self._refuses,
            policy=(policy.label, policy.hash),
        )

    @asynccontextmanager
    async def _turn(self, url: URL) -> AsyncIterator[Turn | Refusal | PutOff]:
        leave = await self._leave(url)
        if isinstance(leave, Refusal | PutOff):
            yield leave
            return
        delay, signals = leave
        turn = self._turns.turn(url.raw_host or "", delay_seconds=delay, signals=signals)
        async with turn as given:
            yield given

    async def _leave(self, url: URL) -> Leave | Refusal | PutOff:
        """What the site's own files say, those of an origin that shuts us out first."""
        leave = await self._allowed(url)
        if isinstance(leave, Refusal | PutOff) or self._reservations is None:
            return leave
        delay, signals = leave
        said = await self._unreserved(url, self._reservations)
        if isinstance(said, Refusal | PutOff):
            return said.after(signals)
        return delay, (*signals, said)

    async def _allowed(self, url: URL) -> Leave | Refusal | PutOff:
        known = await self._robots.of(url)
        if not isinstance(known, Known):
            return known
        steps = known.rules.steps(str(url)) if known.rules else 0
        leave = await self._judging.of(lambda: _allowed(url, known, self._policy), steps=steps)
        endless = Refusal("robots_disallowed", f"robots.txt: {ENDLESS}")
        return leave or endless.after([_robots(NOT_JUDGED, known)])

    async def _unreserved(
        self, url: URL, reservations: OriginFiles[TdmFile]
    ) -> ConsentSignal | Refusal | PutOff:
        known = await reservations.of(url)
        if not isinstance(known, Known):
            return known
        steps = known.rules.steps(url) if known.rules else 0
        said = await self._judging.of(lambda: _unreserved(url, known, self._policy), steps=steps)
        endless = Refusal("opted_out", f"{TDM_SIGNAL}: {ENDLESS}")
        return said or endless.after([_tdm(NOT_JUDGED, known)])

    def _refuses(self, headers: Headers) -> Refusal | None:
        return refused_by_headers(headers, self._policy, token=self._token)


def file_errand(turns: DomainTurns, *, accept: str) -> Errand:
    """How a site's own files are asked for: without leave, and outside the beat."""

    @asynccontextmanager
    async def turn(url: URL) -> AsyncIterator[Turn | Refusal | PutOff]:
        async with turns.beside(url.raw_host or "") as given:
            yield given

    return Errand(
        accept=accept,
        turn=turn,
        refuses=refuses_nothing,
        max_bytes=LONGEST_BYTES,
        longer="cut",
    )


def _allowed(url: URL, known: Known[Robots], policy: ConsentPolicy) -> Leave | Refusal | PutOff:
    rules = known.rules
    if rules is None:
        no = Refusal("robots_unreachable", "robots.txt can't be read, which means no")
        return PutOff(no.after([_robots("unreachable", known)]), UNREACHABLE_FOR.total_seconds())
    lines = tuple(_robots(line, known) for line in rules.said)
    if shut := rules.refuses(str(url)):
        no = Refusal("robots_disallowed", f"robots.txt: the rules of {shut!r} ({policy.label})")
        return no.after([_robots(f"disallowed: {shut}", known), *lines])
    said = "allowed" if known.file.read_at else "absent"
    return rules.delay_seconds, (_robots(said, known), *lines)


def _unreserved(url: URL, known: Known[TdmFile], policy: ConsentPolicy) -> ConsentSignal | Refusal:
    """What tdmrep.json says of `url`; one that can't be had reserves nothing."""
    if known.file.read_at is None:
        return _tdm("absent" if known.file.reachable else "unreachable", known)
    rule = known.rules.of(url) if known.rules else None
    if rule is None:
        return _tdm("unset", known)
    said = f"tdm-reservation={rule.reservation}"
    seen = _tdm(f"{said}; tdm-policy={rule.policy}" if rule.policy else said, known)
    if rule.reservation in policy.tdm_reservation.words:
        return Refusal("opted_out", f"{TDM_SIGNAL}: {said} ({policy.label})").after([seen])
    return seen


def _robots(value: str, known: Known[Robots]) -> ConsentSignal:
    return ConsentSignal(name=ROBOTS_SIGNAL, value=value[:LONGEST], seen_at=known.seen_at)


def _tdm(value: str, known: Known[TdmFile]) -> ConsentSignal:
    return ConsentSignal(name=TDM_SIGNAL, value=value[:LONGEST], seen_at=known.seen_at)
