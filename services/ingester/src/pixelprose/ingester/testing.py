"""For tests: a web in a dict, and a decoder that takes its word."""

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from pixelprose.ingester.decode import Decoded
from pixelprose.ingester.fetch import Fetched
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.sources import Origin
from pixelprose.records import ConsentSignal, Fetch

NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
PAGE: Final = b"page"
"""The one body that is no image."""

NOWHERE: Final = Refusal("http_not_found", "status 404")

Page = bytes | Refusal | PutOff


@dataclass
class FakeWeb:
    """Answers with `pages[url]`, else with `otherwise`, and notes what it was asked."""

    pages: MutableMapping[str, Page] = field(default_factory=dict)
    otherwise: Page = NOWHERE
    asked: list[str] = field(default_factory=list)
    consent: tuple[ConsentSignal, ...] = ()

    async def fetch(self, url: Origin) -> Fetched | Refusal | PutOff:
        """Return a body or what was prepared in its place, and let others go first."""
        self.asked.append(str(url))
        await asyncio.sleep(0)
        page = self.pages.get(str(url), self.otherwise)
        if not isinstance(page, bytes):
            return page
        return Fetched(facts(url, consent=self.consent), page)


def facts(url: Origin, *, consent: tuple[ConsentSignal, ...] = ()) -> Fetch:
    """Return what is known of a fetch that went well."""
    return Fetch(
        final_url=str(url),
        status=200,
        redirects=(),
        address="192.0.2.1",
        content_type=None,
        etag=None,
        last_modified=None,
        user_agent="test",
        fetched_at=NOW,
        seconds=0.5,
        consent=consent,
    )


async def decode(data: bytes) -> Decoded | Refusal:
    """Take every body but one for an image."""
    if data == PAGE:
        return Refusal("not_an_image", "a page")
    return Decoded(
        format="PNG",
        mode="RGB",
        frames=1,
        width=100,
        height=80,
        pdq="0" * 64,
        pdq_quality=100,
        pdq_version="pdqhash 1",
        exif={"Make": "Aperture Works"},
        rendition=b"rendition of " + data,
        rendition_width=100,
        rendition_height=80,
    )
