"""Fetch and decode together, against every kind of trouble that the demo site makes."""

import asyncio
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from pixelprose.demoworld import Site
from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.decode import Decoded
from pixelprose.ingester.decoders import Decoders
from pixelprose.ingester.fetch import Fetcher
from pixelprose.ingester.limits import DecodeLimits, FetchLimits
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.url import canonical

GUARD = Guard(networks=(ip_network("127.0.0.0/8"),))


async def end_of(url: str) -> Decoded | Refusal:
    target = canonical(url)
    assert not isinstance(target, Refusal)
    limits = FetchLimits(total_seconds=20.0)
    fetcher = Fetcher(GUARD, limits, user_agent="test", now=lambda: datetime.now(UTC))
    async with fetcher, Decoders(DecodeLimits(workers=1)) as decoders:
        fetched = await fetcher.fetch(target)
        if isinstance(fetched, Refusal):
            return fetched
        return await decoders.decode(fetched.body)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/scene/1.jpg", None),
        ("/redirect/scene/1.png", None),
        ("/noai/1.webp", None),
        ("/truncated/1.jpg", "truncated"),
        ("/corrupt/1.png", "truncated"),
        ("/huge/1.jpg", "too_large"),
        ("/not-an-image.jpg", "not_an_image"),
        ("/tiny/1.gif", "too_small"),
        ("/redirect/private", "forbidden_address"),
        ("/redirect/metadata", "forbidden_address"),
        ("/redirect/loop", "too_many_redirects"),
        ("/404/1.jpg", "http_not_found"),
        ("/500/1.jpg", "http_server_error"),
    ],
)
def test_each_path_of_the_demo_site_ends_as_it_says(path: str, reason: str | None) -> None:
    with Site() as site:
        end = asyncio.run(end_of(site.url(path)))
    assert (end.reason if isinstance(end, Refusal) else None) == reason
