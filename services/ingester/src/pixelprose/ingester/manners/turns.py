"""Who may ask a domain now: in order, in its bounds, and not while it wants to be left alone."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pixelprose.ingester.errand import Reply
from pixelprose.ingester.manners.domains import registrable
from pixelprose.ingester.manners.outcomes import Ended, ended
from pixelprose.ingester.manners.pace import Pace, Share
from pixelprose.ingester.manners.retry_after import seconds_of
from pixelprose.ingester.manners.settings import Bounds, MannersSettings
from pixelprose.ingester.manners.temper import Temper
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Refusal
from pixelprose.records import ConsentSignal

NAP_SECONDS = 0.5
"""Longest sleep before the share is looked at again."""

NO_BEAT = 0.0

SWEEP_EVERY = 1_000
"""Turns after which domains with nothing to remember are forgotten."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Domain:
    """One registrable domain, as long as somebody asks it or there is something to remember."""

    name: str
    bounds: Bounds
    pace: Pace
    temper: Temper
    line: asyncio.Lock = field(default_factory=asyncio.Lock)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    inside: int = 0
    waiting: int = 0

    @property
    def beat_seconds(self) -> float:
        """Between two requests of all replicas together."""
        return 1.0 / self.bounds.requests_per_second


class DomainTurns:
    """Gives turns at registrable domains; lives in one event loop.

    `places` is how many records are worked on at a time: a quarter of them may wait for one
    domain and half of them for all, so that slow domains never hold back the others. Who would
    have to wait longer, or finds no room, is put off.
    """

    def __init__(  # noqa: PLR0913 - the world port by port, each by name
        self,
        settings: MannersSettings,
        share: Share,
        *,
        places: int,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._share = share
        self._places = places
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._uniform = uniform
        self._domains: dict[str, Domain] = {}
        self._waiting = 0
        self._looks = 0

    @asynccontextmanager
    async def turn(
        self, host: str, *, delay_seconds: float = 0.0, signals: tuple[ConsentSignal, ...] = ()
    ) -> AsyncIterator["HostTurn | PutOff"]:
        """Wait for a turn at `host`; yield it, or why there is none.

        `delay_seconds` is the pause between two requests that its robots.txt asks for.
        """
        domain = self._domain(registrable(host))
        await self._settled(domain.beat_seconds)
        async with self._given(domain, max(domain.beat_seconds, delay_seconds), signals) as turn:
            yield turn

    @asynccontextmanager
    async def beside(self, host: str) -> AsyncIterator["HostTurn | PutOff"]:
        """Wait for a turn outside the beat, for a robots.txt.

        One in a day is no burden, and whoever comes for one image would wait a beat for it.
        """
        async with self._given(self._domain(registrable(host)), NO_BEAT, ()) as turn:
            yield turn

    def paused(self) -> int:
        """Domains that are left alone now; safe in any thread."""
        now = self._clock()
        return sum(domain.temper.pause_seconds(now) > 0 for domain in list(self._domains.values()))

    def broken(self) -> int:
        """Domains whose breaker is open; safe in any thread."""
        return sum(domain.temper.broken for domain in list(self._domains.values()))

    @asynccontextmanager
    async def _given(
        self, domain: Domain, beat: float, signals: tuple[ConsentSignal, ...]
    ) -> AsyncIterator["HostTurn | PutOff"]:
        if put_off := await self._queued(domain, beat):
            yield put_off
            return
        try:
            yield HostTurn(domain.temper, self._clock, self._now, signals)
        finally:
            domain.inside -= 1
            domain.left.set()

    async def _settled(self, beat: float) -> None:
        """Wait, without standing in a line, until this replica has its share of the whole."""
        longest = self._settings.longest_wait_seconds
        while True:
            wait = self._share.settling_seconds(
                self._clock(), beat_seconds=min(beat, longest * self._share.part)
            )
            if wait <= 0:
                return
            await self._sleep(min(wait, NAP_SECONDS))

    async def _queued(self, domain: Domain, beat: float) -> PutOff | None:
        if put_off := self._refused(domain, beat):
            return put_off
        domain.waiting += 1
        self._waiting += 1
        patience = self._settings.longest_wait_seconds if self._settings.retry else None
        try:
            async with asyncio.timeout(patience), domain.line:
                return await self._first_in_line(domain, beat)
        except TimeoutError:
            return _busy(self._ahead_seconds(domain, beat))
        finally:
            domain.waiting -= 1
            self._waiting -= 1

    async def _first_in_line(self, domain: Domain, beat: float) -> PutOff | None:
        """Wait for a place and for the beat; then the place is taken."""
        while True:
            now = self._clock()
            if pause := domain.temper.pause_seconds(now):
                return _backing_off(pause)
            wait = domain.pace.wait_seconds(now, beat_seconds=beat)
            if domain.inside >= self._room(domain):
                domain.left.clear()
                await domain.left.wait()
            elif wait > 0:
                await self._sleep(min(wait, NAP_SECONDS))
            else:
                break
        if beat != NO_BEAT:
            domain.pace.take(now)
        domain.inside += 1
        return None

    def _refused(self, domain: Domain, beat: float) -> PutOff | None:
        """Why it makes no sense to stand in line."""
        if pause := domain.temper.pause_seconds(self._clock()):
            return _backing_off(pause)
        if not self._settings.retry:
            return None
        if domain.temper.careful and domain.inside + domain.waiting:
            return _backing_off(self._settings.first_pause_seconds)
        ahead = self._ahead_seconds(domain, beat)
        if not (ahead or domain.waiting or domain.inside >= self._room(domain)):
            return None
        full = domain.waiting >= self._places / 4 or self._waiting >= self._places / 2
        return _busy(ahead) if full or ahead > self._settings.longest_wait_seconds else None

    def _ahead_seconds(self, domain: Domain, beat: float) -> float:
        """How long the line takes at least."""
        if not self._share.part:
            return 0.0
        first = domain.pace.wait_seconds(self._clock(), beat_seconds=beat)
        return first + domain.waiting * beat / self._share.part

    def _room(self, domain: Domain) -> int:
        if domain.temper.careful:
            return 1
        return max(1, int(domain.bounds.concurrency * self._share.part))

    def _domain(self, name: str) -> Domain:
        self._looks += 1
        if self._looks % SWEEP_EVERY == 0:
            self._sweep()
        if name not in self._domains:
            self._domains[name] = Domain(
                name,
                self._settings.bounds(name),
                Pace(self._share),
                Temper(self._settings, uniform=self._uniform),
            )
        return self._domains[name]

    def _sweep(self) -> None:
        now = self._clock()
        self._domains = {
            name: domain
            for name, domain in self._domains.items()
            if domain.inside
            or domain.waiting
            or not domain.temper.forgettable(now)
            or not domain.pace.rested(now, beat_seconds=domain.beat_seconds)
        }


@dataclass(frozen=True, slots=True)
class HostTurn:
    """The right to send one request to a domain."""

    _temper: Temper
    _clock: Callable[[], float]
    _now: Callable[[], datetime]
    signals: tuple[ConsentSignal, ...] = ()

    def over(self, refusal: Refusal | None, reply: Reply | None) -> PutOff | None:
        """Remember how the domain took it; return a value when another time may be better."""
        now = self._clock()
        match ended(refusal, reply):
            case Ended.ANSWERED:
                self._temper.answered()
            case Ended.ENOUGH:
                asked = seconds_of(reply.retry_after if reply else None, now=self._now())
                self._temper.asked_to_wait(now, asked)
                return PutOff(refusal, self._temper.pause_seconds(now)) if refusal else None
            case Ended.FAILED_FOR_NOW:
                self._temper.failed(now)
                return PutOff(refusal, self._temper.pause_seconds(now)) if refusal else None
            case Ended.FAILED:
                self._temper.failed(now)
            case Ended.NOT_ASKED:
                pass
        return None


def _busy(seconds: float) -> PutOff:
    return PutOff(Refusal("host_busy", "too many wait for their turn at this domain"), seconds)


def _backing_off(seconds: float) -> PutOff:
    detail = "this domain asked for a pause, or failed too often in a row"
    return PutOff(Refusal("host_backing_off", detail), seconds)
