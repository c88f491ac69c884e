"""Where the bytes of a submission come from: the web, a folder or a store."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeAlias, TypeVar

from pixelprose.ingester import url as urls
from pixelprose.ingester.fetch import Fetched
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.sources.body import Body, late
from pixelprose.ingester.url import CanonicalUrl
from pixelprose.records import Fetch
from pixelprose.records.source_uri import BadSourceUri, SourceUri, is_source, source_uri

Origin: TypeAlias = CanonicalUrl | SourceUri

W = TypeVar("W")
"""What the web answers, such as `Fetched | Refusal`."""


class Source(Protocol):
    """Something that reads what a URI names, in a thread."""

    def read(self, uri: SourceUri, *, deadline: float) -> Body | Refusal:
        """Return the bytes that are meant, or why there are none."""


def canonical(text: str) -> Origin | Refusal:
    """Return the one spelling of a URL or source URI; its text is the image's identity."""
    if not is_source(text):
        return urls.canonical(text)
    try:
        return source_uri(text)
    except BadSourceUri as error:
        return Refusal("bad_url", str(error))


def named(text: str) -> str:
    """Return the text that names an image: the canonical one, or as it is where there is none."""
    origin = canonical(text)
    return text if isinstance(origin, Refusal) else str(origin)


@dataclass(frozen=True, slots=True)
class Origins(Generic[W]):
    """One `fetch` for all: bytes from anywhere take the same way afterwards."""

    web: Callable[[CanonicalUrl], Awaitable[W]]
    files: Source
    objects: Source
    threads: ThreadPoolExecutor
    total_seconds: float
    now: Callable[[], datetime]
    clock: Callable[[], float] = time.monotonic

    async def fetch(self, origin: Origin) -> W | Fetched | Refusal:
        """Return the bytes, or why there are none, within the same deadline as a fetch.

        Raises:
            Unavailable: this machine or a store is at fault.
        """
        if not isinstance(origin, SourceUri):
            return await self.web(origin)
        source = self.files if origin.scheme == "file" else self.objects
        began = self.clock()
        reading = asyncio.get_running_loop().run_in_executor(
            self.threads, lambda: source.read(origin, deadline=self.clock() + self.total_seconds)
        )
        try:
            # A disk that hangs holds a thread; the submission goes on without it.
            async with asyncio.timeout(2 * self.total_seconds):
                body = await reading
        except TimeoutError:
            return late()
        if isinstance(body, Refusal):
            return body
        return Fetched(self._facts(origin, body, seconds=self.clock() - began), body.data)

    def _facts(self, origin: SourceUri, body: Body, *, seconds: float) -> Fetch:
        modified = body.modified
        return Fetch(
            final_url=str(origin),
            status=0,
            redirects=(),
            address="",
            content_type=None,
            etag=body.version,
            last_modified=None if modified is None else modified.isoformat(),
            user_agent="",
            fetched_at=self.now(),
            seconds=seconds,
            consent=(),
        )
