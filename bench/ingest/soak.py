"""Memory and descriptors of fetcher and decoders over many URLs, good and hostile.

`make soak URLS=200000`. Prints resident memory and open descriptors at each twentieth; the last
line is one JSON object. Flat means: the second half adds next to nothing to the first.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network

import psutil
from bench.ingest.hostile import hostile_site

from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.decoders import Decoders
from pixelprose.ingester.fetch import Fetcher
from pixelprose.ingester.limits import DecodeLimits, FetchLimits
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.url import canonical

IN_FLIGHT = 256
REPORTS = 20
LIMITS = FetchLimits(
    total_seconds=3,
    first_byte_seconds=1,
    least_bytes_per_second=100_000,
    grace_seconds=0.5,
    max_bytes=300_000,
    per_host=IN_FLIGHT,
)


def usage() -> tuple[int, int]:
    """Resident bytes of this process and its decoders, and open descriptors of this one."""
    here = psutil.Process()
    family = [here, *here.children(recursive=True)]
    return sum(process.memory_info().rss for process in family), here.num_fds()


async def end_of(text: str, fetcher: Fetcher, decoders: Decoders) -> str:
    """How a URL ends: `image`, or a reason."""
    url = canonical(text)
    if isinstance(url, Refusal):
        return url.reason
    fetched = await fetcher.fetch(url)
    if isinstance(fetched, Refusal):
        return fetched.reason
    decoded = await decoders.decode(fetched.body)
    return decoded.reason if isinstance(decoded, Refusal) else "image"


async def soak(address: str, count: int) -> list[tuple[int, int, int]]:
    """Take every URL; return (URLs, bytes, descriptors) as they were on the way."""
    ends: Counter[str] = Counter()
    seen: list[tuple[int, int, int]] = []
    numbers = iter(range(count))
    guard = Guard(networks=(ip_network("127.0.0.0/8"),))
    fetcher = Fetcher(guard, LIMITS, user_agent="soak", now=lambda: datetime.now(UTC))

    async def take(numbers: Iterator[int]) -> None:
        for number in numbers:
            ends[await end_of(f"{address}/{number}", fetcher, decoders)] += 1
            if ends.total() % max(1, count // REPORTS) == 0:
                seen.append((ends.total(), *usage()))
                print(
                    f"{seen[-1][0]:8} URLs {seen[-1][1] / 1e6:8.1f} MB {seen[-1][2]:5} descriptors"
                )

    async with fetcher, Decoders(DecodeLimits(workers=1)) as decoders:
        await asyncio.gather(*(take(numbers) for _ in range(IN_FLIGHT)))
    print(dict(ends))
    return seen


def main() -> None:
    """Soak, then say how much the second half added."""
    with hostile_site() as address:
        seen = asyncio.run(soak(address, int(sys.argv[1])))
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
