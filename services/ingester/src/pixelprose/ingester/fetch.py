"""One GET over the open web, within its limits."""

import asyncio
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from aiohttp import ClientConnectionError, ClientError, ClientResponse, ClientSession
from yarl import URL

from pixelprose.ingester import answers
from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.body import TooSlow, beginning, bounded, paced, too_large
from pixelprose.ingester.consent import signals, text
from pixelprose.ingester.dialer import Lookup, guarded_connector, system_lookup
from pixelprose.ingester.errand import Errand, Reply, at_once, refuses_nothing
from pixelprose.ingester.gates import Gates
from pixelprose.ingester.limits import FetchLimits
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.session import Journey, Response, Timed, open_session
from pixelprose.ingester.url import CanonicalUrl, redirected
from pixelprose.records import ConsentSignal, Fetch

ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.8"
LONGEST_HEADER = 512
"""Characters of a header that a record keeps."""

UNANNOUNCED = Errand(accept=ACCEPT, turn=at_once, refuses=refuses_nothing)
"""An image, without any manners."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes behind a URL, and how they were come by."""

    facts: Fetch
    body: bytes


@dataclass(slots=True)
class _Trail:
    """What is known of a fetch so far.

    Attributes:
        began: moves on while it waits for a turn at a host.
        stale: the last request went out on a connection that had served others, and got no answer.
    """

    began: float
    errand: Errand
    reply: Reply | None = None
    stale: bool = False
    redirects: list[str] = field(default_factory=list)
    consent: list[ConsentSignal] = field(default_factory=list)


class Fetcher:
    """Fetches from allowed addresses; open between entering and leaving, in one event loop.

    No cookies, no credentials, no proxy, nothing of the environment, and a User-Agent that says
    who we are. Every redirect is judged like the first URL and carries nothing along.
    """

    def __init__(  # noqa: PLR0913 - the world port by port, each by name
        self,
        guard: Guard,
        limits: FetchLimits,
        *,
        user_agent: str,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        lookup: Lookup | None = None,
        tls: ssl.SSLContext | None = None,
        timed: Timed = lambda _part, _seconds: None,
    ) -> None:
        self._guard = guard
        self._limits = limits
        self._user_agent = user_agent
        self._now = now
        self._clock = clock
        self._threads = ThreadPoolExecutor(limits.dns_threads, "dns")
        self._lookup = lookup or system_lookup(self._threads)
        self._tls = tls
        self._timed = timed
        self._gates = Gates(places=limits.per_host)
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session; connects to nothing yet."""
        connector = guarded_connector(
            self._guard, self._lookup, canary=self._limits.canary_host, tls=self._tls
        )
        self._session = open_session(
            connector, self._limits, user_agent=self._user_agent, timed=self._timed
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def fetch(self, url: CanonicalUrl) -> Fetched | Refusal:
        """Return the body behind `url`, or why there is none, asking nobody's leave."""
        end = await self.run(url, UNANNOUNCED)
        return end.refusal if isinstance(end, PutOff) else end

    async def run(self, url: CanonicalUrl, errand: Errand) -> Fetched | Refusal | PutOff:
        """Return the body behind `url`, or why there is none, within the total deadline.

        A redirect waits for its turn at its own host; waiting is not counted.

        Raises:
            Unavailable: this machine can't reach its name server or open sockets.
        """
        trail = _Trail(self._clock(), errand)
        end = await self._followed(url, trail)
        if isinstance(end, Fetched):
            return end
        return end.after(trail.consent, policy=errand.policy)

    async def _followed(self, url: CanonicalUrl, trail: _Trail) -> Fetched | Refusal | PutOff:
        for _ in range(self._limits.max_redirects + 1):
            answer = await self._hop(url, trail)
            if not isinstance(answer, URL):
                return answer
            trail.redirects.append(str(url))
            url = CanonicalUrl(answer)
        return Refusal("too_many_redirects", f"more than {self._limits.max_redirects}")

    async def _hop(self, url: URL, trail: _Trail) -> URL | Fetched | Refusal | PutOff:
        """One answer: of one request, or of a second one when a kept connection had gone stale."""
        if refusal := self._guard.refuses_host(url.raw_host or ""):
            return refusal
        heard = len(trail.consent)
        answer = await self._request(url, trail)
        if not trail.stale:
            return answer
        del trail.consent[heard:]
        return await self._request(url, trail)

    async def _request(self, url: URL, trail: _Trail) -> URL | Fetched | Refusal | PutOff:
        """One request, in what is left of the time, when it is its turn."""
        trail.stale = False
        host = url.raw_host or ""
        arrived = self._clock()
        async with trail.errand.turn(url) as turn:
            if isinstance(turn, Refusal | PutOff):
                return turn
            trail.consent += turn.signals
            async with self._gates.through(host):
                trail.began += self._clock() - arrived
                answer = await self._in_time(url, trail)
            refusal = answer if isinstance(answer, Refusal) and not trail.stale else None
            return turn.over(refusal, trail.reply) or answer

    async def _in_time(self, url: URL, trail: _Trail) -> URL | Fetched | Refusal:
        trail.reply = None
        total = self._limits.total_seconds
        try:
            async with asyncio.timeout(total - (self._clock() - trail.began)):
                return await self._ask(url, trail)
        except TimeoutError:
            return Refusal("timeout", f"not finished within {total:g} s")

    async def _ask(self, url: URL, trail: _Trail) -> URL | Fetched | Refusal:
        response, journey = None, Journey()
        try:
            response = await self._head(url, trail.errand, journey)
            if isinstance(response, Refusal):
                return response
            return await self._read(response, url, trail)
        except ClientError as error:
            unheard = trail.reply is None and isinstance(error, ClientConnectionError)
            trail.stale = unheard and journey.reused
            return answers.of_error(error)
        except TooSlow as error:
            return Refusal("timeout", str(error))
        finally:
            if isinstance(response, Response):
                response.release()

    async def _head(self, url: URL, errand: Errand, journey: Journey) -> Response | Refusal:
        if self._session is None:
            raise RuntimeError("the fetcher is closed: use it as a context manager")
        seconds = self._limits.first_byte_seconds
        try:
            async with asyncio.timeout(seconds):
                response = await self._session.get(
                    url,
                    headers={"Accept": errand.accept},
                    allow_redirects=False,
                    trace_request_ctx=journey,
                )
        except TimeoutError:
            return Refusal("timeout", f"no answer within {seconds:g} s")
        assert isinstance(response, Response)  # noqa: S101 - the session's response_class
        return response

    async def _read(self, response: Response, url: URL, trail: _Trail) -> URL | Fetched | Refusal:
        headers = response.headers
        trail.reply = Reply(response.status, headers.get("Retry-After"))
        if response.head_bytes > (most := self._limits.max_head_bytes):
            return Refusal("too_large", f"more than {most} bytes of headers")
        trail.consent += signals(headers.items(), seen_at=self._now())
        if refusal := trail.errand.refuses(headers.items()):
            return refusal
        if response.status in answers.REDIRECTS and "Location" in headers:
            return redirected(url, headers["Location"])
        if refusal := answers.of_status(response.status):
            return refusal
        began = self._clock()
        body = await self._body(response, trail.errand)
        self._timed("body", self._clock() - began)
        return (
            body if isinstance(body, Refusal) else Fetched(self._facts(response, url, trail), body)
        )

    async def _body(self, response: Response, errand: Errand) -> bytes | Refusal:
        limit = errand.max_bytes or self._limits.max_bytes
        chunks = paced(
            response.content.iter_any().__aiter__(),
            least_bytes_per_second=self._limits.least_bytes_per_second,
            grace_seconds=self._limits.grace_seconds,
        )
        encoding = response.headers.get("Content-Encoding", "")
        if errand.longer == "cut":
            return await beginning(chunks, encoding=encoding, max_bytes=limit)
        if (response.content_length or 0) > limit:
            return too_large(limit)
        return await bounded(chunks, encoding=encoding, max_bytes=limit)

    def _facts(self, response: Response, url: URL, trail: _Trail) -> Fetch:
        policy = trail.errand.policy
        return Fetch(
            final_url=str(url),
            status=response.status,
            redirects=tuple(trail.redirects),
            address=response.peer,
            content_type=_header(response, "Content-Type"),
            etag=_header(response, "ETag"),
            last_modified=_header(response, "Last-Modified"),
            user_agent=self._user_agent,
            fetched_at=self._now(),
            seconds=self._clock() - trail.began,
            consent=tuple(trail.consent),
            consent_policy=policy[0] if policy else None,
            consent_policy_hash=policy[1] if policy else None,
        )


def _header(response: ClientResponse, name: str) -> str | None:
    value = response.headers.get(name)
    return None if value is None else text(value)[:LONGEST_HEADER]
