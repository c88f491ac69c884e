"""How the ingester is put together: the only place that names adapters."""

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version

from pydantic import HttpUrl

from pixelprose.host import Service
from pixelprose.ingester.decoders import Decoders
from pixelprose.ingester.fetch import Fetched, Fetcher
from pixelprose.ingester.meters import meters
from pixelprose.ingester.quarantine import Quarantine
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.settings import IngesterSettings
from pixelprose.ingester.sources import LocalFiles, Objects, Origins, named
from pixelprose.ingester.step import IngestStep
from pixelprose.objectstore import StoreRefused, StoreUnavailable, open_store, probe
from pixelprose.records import ImageSubmitted, runner_for
from pixelprose.streamkit import Async, ExitCode, Metrics, Stop, Unavailable


def build(settings: IngesterSettings, metrics: Metrics) -> Service:
    """Wire the ingester; nothing is read from the log yet.

    Raises:
        Stop: the store is none that we can use.
        Unavailable: the store does not answer, or decoder processes do not start.
    """
    section = settings.ingester
    store = open_store(settings.store)
    try:
        probe(store)
    except StoreUnavailable as error:
        raise Unavailable("store", str(error)) from error
    except StoreRefused as error:
        raise Stop(ExitCode.BAD_CONFIGURATION, str(error)) from error
    threads = ThreadPoolExecutor(settings.store.max_connections, "store")
    fetcher = Fetcher(
        section.guard.guard(),
        section.limits,
        user_agent=user_agent(version("pixelprose-ingester"), section.contact),
        now=_now,
    )
    origins, close_sources = _origins(settings, fetcher)
    decoders = Decoders(section.decode)
    counts = meters(metrics)
    step = IngestStep(
        fetch=origins.fetch,
        decode=decoders.decode,
        quarantine=Quarantine(store, threads, originals=section.originals, count=counts.trip),
        meters=counts,
        now=_now,
    )
    worker = Async(step, limit=section.concurrency, opened=_opened(fetcher, decoders))
    runner = runner_for(
        settings,
        service="ingester",
        reads=ImageSubmitted,
        worker=worker,
        metrics=metrics,
        canonical=named,
    )

    def close() -> None:
        threads.shutdown(wait=False, cancel_futures=True)
        close_sources()
        store.close()

    return Service(runners=(runner,), close=close)


def _origins(
    settings: IngesterSettings, fetcher: Fetcher
) -> tuple[Origins[Fetched | Refusal], Callable[[], None]]:
    """The web, and the folders and prefixes that are allowed; and what closes these."""
    section, limits = settings.ingester.sources, settings.ingester.limits
    threads = ThreadPoolExecutor(section.threads, "source")
    server = section.s3 or settings.store
    objects = Objects(section.buckets(), server, max_bytes=limits.max_bytes)
    origins = Origins(
        web=fetcher.fetch,
        files=LocalFiles(section.roots, max_bytes=limits.max_bytes),
        objects=objects,
        threads=threads,
        total_seconds=limits.total_seconds,
        now=_now,
    )

    def close() -> None:
        threads.shutdown(wait=False, cancel_futures=True)
        objects.close()

    return origins, close


def user_agent(release: str, contact: HttpUrl | None) -> str:
    """Return who we say we are: product, version and, if there is one, where to ask."""
    product = f"PixelProseStream/{release}"
    return product if contact is None else f"{product} (+{contact})"


@asynccontextmanager
async def _opened(*resources: AbstractAsyncContextManager[object]) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for resource in resources:
            await stack.enter_async_context(resource)
        yield


def _now() -> datetime:
    return datetime.now(UTC)
