"""Memory and descriptors of fetcher, manners and decoders over many URLs, good and hostile.

`make soak URLS=200000`. Every forty URLs are another domain of 250, with its own robots.txt,
turns and connections: after 10,000 URLs all are known, and what is remembered of them grows no
more. Ends earlier after `MINUTES`, when they are given. Prints resident memory and open descriptors
every 5,000 URLs; the last line is one JSON object. Flat means: the second half adds next to nothing
to the first.
"""

import asyncio
import json
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from bench.ingest.folder_store import FolderStore
from bench.ingest.hostile import hostile_site
from yarl import URL

from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.app import image_errand
from pixelprose.ingester.decoders import Decoders
from pixelprose.ingester.fetch import Fetched, Fetcher
from pixelprose.ingester.limits import DecodeLimits, FetchLimits
from pixelprose.ingester.manners import (
    DomainTurns,
    MannersSettings,
    Share,
    load_policy,
    manners_meters,
)
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.url import CanonicalUrl, canonical
from pixelprose.streamkit import Metrics

IN_FLIGHT = 256
URLS_A_DOMAIN = 40
DOMAINS = 250
REPORT_EVERY = 5_000
QUICK = MannersSettings.model_validate(
    {"retry": False, "per_domain": {"requests_per_second": 1e6}, "first_pause_seconds": 1}
)
LIMITS = FetchLimits(
    total_seconds=3,
    first_byte_seconds=1,
    least_bytes_per_second=100_000,
    grace_seconds=0.5,
    max_bytes=300_000,
    per_host=IN_FLIGHT,
)


Fetch = Callable[[CanonicalUrl], Awaitable[Fetched | Refusal | PutOff]]


def usage() -> tuple[int, int]:
    """Resident bytes of this process and its decoders, and open descriptors of this one."""
    here = psutil.Process()
    family = [here, *here.children(recursive=True)]
    return sum(process.memory_info().rss for process in family), here.num_fds()


async def here(_: str, __: socket.AddressFamily) -> Sequence[tuple[socket.AddressFamily, str]]:
    """Every name is this machine's."""
    return [(socket.AF_INET, "127.0.0.1")]


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


async def polite(opened: AsyncExitStack, closing: ExitStack) -> Fetch:
    """A fetcher with all manners; the copies of the sites' own files lie in a folder."""
    share = Share(lanes=1, clock=time.monotonic)
    share.owns([0])
    guard = Guard(networks=(ip_network("127.0.0.0/8"),))
    fetcher = await opened.enter_async_context(
        Fetcher(guard, LIMITS, user_agent="soak", now=now, lookup=here)
    )
    errand = image_errand(
        load_policy("consent"),
        DomainTurns(QUICK, share, places=IN_FLIGHT),
        fetcher=fetcher,
        store=FolderStore(Path(closing.enter_context(TemporaryDirectory()))),
        threads=closing.enter_context(ThreadPoolExecutor(4)),
        counts=manners_meters(Metrics()),
    )
    return partial(fetcher.run, errand=errand)


async def end_of(text: str, fetch: Fetch, decoders: Decoders) -> str:
    """How a URL ends: `image`, or a reason."""
    url = canonical(text)
    if isinstance(url, Refusal):
        return url.reason
    fetched = await fetch(url)
    if isinstance(fetched, PutOff):
        return fetched.refusal.reason
    if isinstance(fetched, Refusal):
        return fetched.reason
    decoded = await decoders.decode(fetched.body)
    return decoded.reason if isinstance(decoded, Refusal) else "image"


async def soak(port: int, count: int, *, seconds: float) -> list[tuple[int, int, int]]:
    """Take URLs while there is time; return (URLs, bytes, descriptors) as they were on the way."""
    until = time.monotonic() + seconds
    ends: Counter[str] = Counter()
    seen: list[tuple[int, int, int]] = []

    async def take(numbers: Iterator[int], fetch: Fetch, decoders: Decoders) -> None:
        for number in numbers:
            if time.monotonic() > until:
                return
            site = number // URLS_A_DOMAIN % DOMAINS
            url = f"http://site{site}.example:{port}/{number}"
            ends[await end_of(url, fetch, decoders)] += 1
            if ends.total() % REPORT_EVERY == 0:
                note()

    def note() -> None:
        seen.append((ends.total(), *usage()))
        urls, memory, descriptors = seen[-1]
        print(f"{urls:8} URLs {memory / 1e6:8.1f} MB {descriptors:5} descriptors", flush=True)

    with ExitStack() as closing:
        async with AsyncExitStack() as opened, Decoders(DecodeLimits(workers=1)) as decoders:
            fetch, numbers = await polite(opened, closing), iter(range(count))
            await asyncio.gather(*(take(numbers, fetch, decoders) for _ in range(IN_FLIGHT)))
            note()
    print(dict(ends))
    return seen


def main() -> None:
    """Soak, then say how much the second half added."""
    minutes = float(sys.argv[2]) if sys.argv[2:] else 1e6
    with hostile_site() as address:
        port = URL(address).port or 0
        seen = asyncio.run(soak(port, int(sys.argv[1]), seconds=minutes * 60))
    half = seen[len(seen) // 2]
    last = seen[-1]
    print(
        json.dumps(
            {
                "urls": last[0],
                "memory_mb": round(last[1] / 1e6, 1),
                "memory_mb_at_half": round(half[1] / 1e6, 1),
                "descriptors": last[2],
                "descriptors_at_half": half[2],
            }
        )
    )


if __name__ == "__main__":
    main()
