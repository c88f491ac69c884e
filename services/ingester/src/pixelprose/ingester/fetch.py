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

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar
from aiohttp.connector import Connection
from yarl import URL

from pixelprose.ingester import answers
from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.body import TooSlow, bounded, paced, too_large
from pixelprose.ingester.consent import signals, text
from pixelprose.ingester.dialer import Lookup, guarded_connector, system_lookup
from pixelprose.ingester.gates import Gates
from pixelprose.ingester.limits import FetchLimits
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.url import CanonicalUrl, redirected
from pixelprose.records import ConsentSignal, Fetch

ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.8"
LONGEST_HEADER = 512
"""Characters of a header that a record keeps."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes behind a URL, and how they were come by."""

    facts: Fetch
    body: bytes


@dataclass(slots=True)
class _Trail:
    """What is known of a fetch so far; `began` moves on while it waits for a turn at a host."""

    began: float
    redirects: list[str] = field(default_factory=list)
    consent: list[ConsentSignal] = field(default_factory=list)


class _Response(ClientResponse):
    """Remembers who answered: after a short body the connection is gone already."""

    peer = ""

    async def start(self, connection: Connection) -> ClientResponse:
        if connection.transport is not None:
            self.peer = str(connection.transport.get_extra_info("peername", [""])[0])
        return await super().start(connection)


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
    ) -> None:
        self._guard = guard
        self._limits = limits
        self._user_agent = user_agent
        self._now = now
        self._clock = clock
        self._threads = ThreadPoolExecutor(32, "dns")
        self._lookup = lookup or system_lookup(self._threads)
        self._tls = tls
        self._gates = Gates(places=limits.per_host)
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session; connects to nothing yet."""
        self._session = ClientSession(
            connector=guarded_connector(
                self._guard, self._lookup, canary=self._limits.canary_host, tls=self._tls
            ),
            cookie_jar=DummyCookieJar(),
            headers={
                "Accept": ACCEPT,
                "Accept-Encoding": "identity",
                "User-Agent": self._user_agent,
            },
            response_class=_Response,
            auto_decompress=False,
            max_line_size=self._limits.max_header_bytes,
            max_field_size=self._limits.max_header_bytes,
            max_headers=self._limits.max_headers,
            timeout=ClientTimeout(total=None, sock_connect=self._limits.connect_seconds),
            trust_env=False,
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
        """Return the body behind `url`, or why there is none, within the total deadline.

        A redirect waits for its turn at its own host; waiting is not counted.

        Raises:
            Unavailable: this machine can't reach its name server or open sockets.
        """
        trail = _Trail(began=self._clock())
        for _ in range(self._limits.max_redirects + 1):
            answer = await self._hop(url, trail)
            if not isinstance(answer, URL):
                return answer
            trail.redirects.append(str(url))
            url = CanonicalUrl(answer)
        return Refusal("too_many_redirects", f"more than {self._limits.max_redirects}")

    async def _hop(self, url: URL, trail: _Trail) -> URL | Fetched | Refusal:
        """One request, in what is left of the time."""
        host, total = url.raw_host or "", self._limits.total_seconds
        if refusal := self._guard.refuses_host(host):
            return refusal
        arrived = self._clock()
        async with self._gates.through(host):
            trail.began += self._clock() - arrived
            try:
                async with asyncio.timeout(total - (self._clock() - trail.began)):
                    return await self._ask(url, trail)
            except TimeoutError:
                return Refusal("timeout", f"not finished within {total:g} s")

    async def _ask(self, url: URL, trail: _Trail) -> URL | Fetched | Refusal:
        response = None
        try:
            response = await self._head(url)
            if isinstance(response, Refusal):
                return response
            return await self._read(response, url, trail)
        except ClientError as error:
            return answers.of_error(error)
        except TooSlow as error:
            return Refusal("timeout", str(error))
        finally:
            if isinstance(response, _Response):
                response.release()

    async def _head(self, url: URL) -> "_Response | Refusal":
        if self._session is None:
            raise RuntimeError("the fetcher is closed: use it as a context manager")
        seconds = self._limits.first_byte_seconds
        try:
            async with asyncio.timeout(seconds):
                response = await self._session.get(url, allow_redirects=False)
        except TimeoutError:
            return Refusal("timeout", f"no answer within {seconds:g} s")
        assert isinstance(response, _Response)  # noqa: S101 - the session's response_class
        return response

    async def _read(self, response: _Response, url: URL, trail: _Trail) -> URL | Fetched | Refusal:
        trail.consent += signals(response.headers.items(), seen_at=self._now())
        if response.status in answers.REDIRECTS and "Location" in response.headers:
            return redirected(url, response.headers["Location"])
        if refusal := answers.of_status(response.status):
            return refusal
        limit = self._limits.max_bytes
        if (response.content_length or 0) > limit:
            return too_large(limit)
        chunks = paced(
            response.content.iter_any().__aiter__(),
            least_bytes_per_second=self._limits.least_bytes_per_second,
            grace_seconds=self._limits.grace_seconds,
        )
        encoding = response.headers.get("Content-Encoding", "")
        body = await bounded(chunks, encoding=encoding, max_bytes=limit)
        if isinstance(body, Refusal):
            return body
        return Fetched(self._facts(response, url, trail), body)

    def _facts(self, response: _Response, url: URL, trail: _Trail) -> Fetch:
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
        )


def _header(response: ClientResponse, name: str) -> str | None:
    value = response.headers.get(name)
    return None if value is None else text(value)[:LONGEST_HEADER]
