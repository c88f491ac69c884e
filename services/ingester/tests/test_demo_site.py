"""Fetch and decode together, against every kind of trouble that the demo site makes."""

import asyncio
from datetime import UTC, datetime
from ipaddress import ip_network

from pixelprose.demoworld import Site
from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.decode import Decoded
from pixelprose.ingester.decoders import Decoders
from pixelprose.ingester.fetch import Fetched, Fetcher
from pixelprose.ingester.limits import DecodeLimits, FetchLimits
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.url import canonical

ENDS = {
    "/scene/1.jpg": None,
    "/redirect/scene/1.png": None,
    "/noai/1.webp": None,
    "/truncated/1.jpg": "truncated",
    "/corrupt/1.png": "truncated",
    "/huge/1.jpg": "too_large",
    "/not-an-image.jpg": "not_an_image",
    "/tiny/1.gif": "too_small",
    "/redirect/private": "forbidden_address",
    "/redirect/metadata": "forbidden_address",
    "/redirect/loop": "too_many_redirects",
    "/404/1.jpg": "http_not_found",
    "/500/1.jpg": "http_server_error",
}
"""A reason by path; None is an image."""


async def ends(site: Site) -> dict[str, str | None]:
    guard = Guard(networks=(ip_network("127.0.0.0/8"),))
    fetcher = Fetcher(guard, FetchLimits(), user_agent="test", now=lambda: datetime.now(UTC))
    async with fetcher, Decoders(DecodeLimits(workers=1)) as decoders:

        async def end_of(path: str) -> str | None:
            url = canonical(site.url(path))
            assert not isinstance(url, Refusal)
            end: Fetched | Decoded | Refusal = await fetcher.fetch(url)
            if isinstance(end, Fetched):
                end = await decoders.decode(end.body)
            return end.reason if isinstance(end, Refusal) else None

        return {path: await end_of(path) for path in ENDS}


def test_each_path_of_the_demo_site_ends_as_it_says() -> None:
    with Site() as site:
        assert asyncio.run(ends(site)) == ENDS
