"""What manners cost a fetch: `python -m bench.ingest.polite`, CPU of the fetching process alone.

One process fetches thumbnails in turns with and without manners (robots.txt, tdmrep.json, turns at
the domain, headers judged), of one site whose files are known after the first image. The least of
many small batches counts, since neighbours only add. The last line is one JSON object.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_network

from bench.ingest.web import site

from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.app import image_errand
from pixelprose.ingester.errand import Errand
from pixelprose.ingester.fetch import UNANNOUNCED, Fetched, Fetcher
from pixelprose.ingester.limits import FetchLimits
from pixelprose.ingester.manners import (
    DomainTurns,
    MannersSettings,
    Share,
    load_policy,
    manners_meters,
)
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.url import canonical
from pixelprose.objectstore import MemoryStore
from pixelprose.streamkit import Metrics

BATCHES, IMAGES, IN_FLIGHT = 60, 64, 32
FREE = MannersSettings.model_validate(
    {"retry": False, "per_domain": {"requests_per_second": 1e6, "concurrency": 1_000}}
)


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


async def batch(fetch: Callable[[str], Awaitable[None]], urls: list[str]) -> float:
    """Milliseconds of processor time an image."""
    left = iter(urls)

    async def take() -> None:
        for url in left:
            await fetch(url)

    began = time.process_time()
    await asyncio.gather(*(take() for _ in range(IN_FLIGHT)))
    return (time.process_time() - began) / len(urls) * 1e3


async def measured(address: str, threads: ThreadPoolExecutor) -> dict[str, float]:
    """The least of all batches, with and without."""
    share = Share(lanes=1, clock=time.monotonic)
    share.owns([0])
    limits = FetchLimits(per_host=IN_FLIGHT)
    guard = Guard(networks=(ip_network("127.0.0.0/8"),))
    async with Fetcher(guard, limits, user_agent="bench", now=now) as fetcher:
        manners = image_errand(
            load_policy("consent"),
            DomainTurns(FREE, share, places=1_000),
            fetcher=fetcher,
            store=MemoryStore(now=now),
            threads=threads,
            counts=manners_meters(Metrics()),
        )

        async def fetch(errand: Errand, text: str) -> None:
            url = canonical(text)
            assert not isinstance(url, Refusal)
            assert isinstance(await fetcher.run(url, errand), Fetched)

        ways = {"with": partial(fetch, manners), "without": partial(fetch, UNANNOUNCED)}
        least = dict.fromkeys(ways, float("inf"))
        for number in range(BATCHES):
            for name, way in ways.items():
                urls = [f"{address}/thumbnails/{name}{number}/{n}" for n in range(IMAGES)]
                least[name] = min(least[name], await batch(way, urls))
        return least


def main() -> None:
    """Measure and print."""
    with site() as address, ThreadPoolExecutor(2) as threads:
        least = asyncio.run(measured(address, threads))
    found = {
        "with_ms": round(least["with"], 3),
        "without_ms": round(least["without"], 3),
        "ratio": round(least["with"] / least["without"], 3),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
