"""Thousands of requests in flight in one process: `python -m bench.ingest.crowd 2000`.

A site takes that many connections, and answers none of them before all are there; then it drips.
Prints what it took while all were waiting; the last line is one JSON object. Each process needs as
many descriptors; a fetch that ends otherwise, and a limit that is too low, are named.
"""

import asyncio
import json
import resource
import sys
import time
from collections import Counter
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from ipaddress import ip_network

import psutil
from bench.ingest.site import serve_forever, served

from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.fetch import Fetched, Fetcher
from pixelprose.ingester.limits import FetchLimits
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.url import canonical

SPARE = 100
"""Descriptors beside those of connections."""

BODY, PIECES, PIECE_SECONDS = 40_000, 8, 0.5
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BODY


class _Slow(asyncio.Protocol):
    """Waits for the last of a crowd (its size is the path), then sends a piece at a time."""

    crowd: list[asyncio.Transport] = []  # noqa: RUF012 - one site a process

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._out = transport

    def data_received(self, data: bytes) -> None:
        self.crowd.append(self._out)
        size = int(data.split(b" ", 2)[1].rpartition(b"/")[2])
        if len(self.crowd) == size:
            for transport in self.crowd:
                transport.write(_HEAD)
                _drip(transport, PIECES)
            self.crowd.clear()


def _drip(transport: asyncio.Transport, left: int) -> None:
    if left:
        transport.write(bytes(BODY // PIECES))
        asyncio.get_running_loop().call_later(PIECE_SECONDS, _drip, transport, left - 1)


def slow_site() -> AbstractContextManager[str]:
    """The site as a process of its own; its address on entering."""
    return served("bench.ingest.crowd")


async def crowd(address: str, count: int) -> dict[str, float]:
    """Fetch with that many in flight at once."""
    me = psutil.Process()
    # How fast the site drips is no matter here: of 9,000 on a busy machine it starved 90.
    limits = FetchLimits(
        per_host=count,
        total_seconds=300,
        first_byte_seconds=300,
        connect_seconds=60,
        least_bytes_per_second=1,
        grace_seconds=300,
    )
    guard = Guard(networks=(ip_network("127.0.0.0/8"),))
    url = canonical(f"{address}/{count}")
    assert not isinstance(url, Refusal)
    fetcher = Fetcher(guard, limits, user_agent="bench", now=lambda: datetime.now(UTC))
    async with fetcher:
        memory, descriptors = me.memory_info().rss, me.num_fds()
        began, cpu = time.monotonic(), time.process_time()
        fetches = [asyncio.ensure_future(fetcher.fetch(url)) for _ in range(count)]
        most = (0, 0)
        while not all(fetch.done() for fetch in fetches):
            most = max(most, (me.num_fds(), me.memory_info().rss))
            await asyncio.sleep(0.1)
        ends = [fetch.result() for fetch in fetches]
    others = Counter(str(end) for end in ends if not isinstance(end, Fetched))
    if others:
        raise SystemExit(f"not all of {count} were fetched: {dict(others)}")
    return {
        "in_flight": count,
        "descriptors": most[0] - descriptors,
        "kb_each": round((most[1] - memory) / count / 1e3, 1),
        "cpu_ms_each": round((time.process_time() - cpu) / count * 1e3, 3),
        "seconds": round(time.monotonic() - began, 1),
        "descriptors_left": me.num_fds() - descriptors,
    }


def allow(count: int) -> None:
    """Have as many descriptors as that many connections need, here and in the site.

    Raises:
        SystemExit: the machine's hard limit is lower.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + SPARE
    if needed > hard:
        raise SystemExit(
            f"{count} requests in flight need {needed} descriptors in each of two processes; this "
            f"shell allows {hard}: raise it (`ulimit -Hn`), or ask for fewer"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1])
    allow(count)
    with slow_site() as address:
        print(json.dumps(asyncio.run(crowd(address, count))))


if __name__ == "__main__":
    if sys.argv[1:]:
        main()
    else:
        asyncio.run(serve_forever(_Slow))
