"""Our step on a list of URLs, into a folder: `python -m bench.ingest.ours URLS FOLDER`."""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

from bench.ingest.folder_store import FolderStore

from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.decoders import Decoders
from pixelprose.ingester.fetch import Fetched, Fetcher
from pixelprose.ingester.limits import DecodeLimits, FetchLimits
from pixelprose.ingester.meters import meters
from pixelprose.ingester.quarantine import Quarantine
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.sources import Origin
from pixelprose.ingester.step import IngestStep
from pixelprose.records import ImageSubmitted, SubmissionId, Submitted
from pixelprose.records.source_uri import SourceUri
from pixelprose.streamkit import Emit, Metrics, TopicPartition

CONCURRENCY = 32


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def submission(number: int, url: str) -> Submitted:
    """One line of the list as it would come from the topic."""
    return Submitted(
        record=ImageSubmitted(url=url, source="bench", submitted_at=now()),
        submission_id=SubmissionId(f"{number:064x}"),
        attempt=0,
        at=TopicPartition("images", 0),
        offset=number,
    )


async def ingest(urls: list[str], folder: Path) -> int:
    """Return how many were emitted."""
    store = FolderStore(folder)
    store.prepare()
    fetcher = Fetcher(
        Guard(networks=(ip_network("127.0.0.0/8"),)),
        FetchLimits(per_host=CONCURRENCY),
        user_agent="bench",
        now=now,
    )

    async def fetch(origin: Origin) -> Fetched | Refusal:
        assert not isinstance(origin, SourceUri)  # the list holds URLs of the web alone
        return await fetcher.fetch(origin)

    with ThreadPoolExecutor(4) as threads:
        async with fetcher, Decoders(DecodeLimits(workers=1)) as decoders:
            step = IngestStep(
                fetch=fetch,
                decode=decoders.decode,
                quarantine=Quarantine(store, threads, originals="none"),
                meters=meters(Metrics()),
                now=now,
            )
            left = iter(enumerate(urls))
            return sum(await asyncio.gather(*(_worker(step, left) for _ in range(CONCURRENCY))))


async def _worker(step: IngestStep, left: "enumerate[str]") -> int:
    return sum([isinstance(await step(submission(*one)), Emit) for one in left])


if __name__ == "__main__":
    urls = Path(sys.argv[1]).read_text().split()
    images = asyncio.run(ingest(urls, Path(sys.argv[2])))
    print(json.dumps({"images": images}))
