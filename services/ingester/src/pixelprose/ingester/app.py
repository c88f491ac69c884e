"""How the ingester is put together: the only place that names adapters."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

import structlog
from pydantic import HttpUrl

from pixelprose.host import Service
from pixelprose.ingester.decoders import Decoders
from pixelprose.ingester.descriptors import allow_all, needed
from pixelprose.ingester.errand import Errand
from pixelprose.ingester.fetch import Fetched, Fetcher
from pixelprose.ingester.manners import (
    TDMREP_JSON,
    ConsentPolicy,
    DomainTurns,
    Manners,
    MannersMeters,
    OriginFiles,
    Share,
    file_errand,
    load_policy,
    manners_meters,
    robots_txt,
)
from pixelprose.ingester.meters import Trip, meters
from pixelprose.ingester.put_off import Patience, PutOff
from pixelprose.ingester.quarantine import Quarantine
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.settings import IngesterSection, IngesterSettings
from pixelprose.ingester.sources import LocalFiles, Objects, Origins, named
from pixelprose.ingester.step import IngestStep
from pixelprose.ingester.url import CanonicalUrl
from pixelprose.objectstore import (
    Days,
    Expiry,
    ObjectStore,
    OpenStore,
    StoreError,
    StoreSettings,
    probe,
)
from pixelprose.records import (
    ImageSubmitted,
    Stage,
    lanes_of,
    open_ready,
    runner_for,
    topic_list,
)
from pixelprose.streamkit import Async, Metrics

PRODUCT = "PixelProseStream"
"""Our token: in the User-Agent, and what robots.txt and X-Robots-Tag may name."""


def build(settings: IngesterSettings, metrics: Metrics) -> Service:
    """Wire the ingester; nothing is read from the log yet.

    Raises:
        Stop: the consent policy or the store is none that we can use.
        Unavailable: the store does not answer, or decoder processes do not start.
    """
    made = stage(
        settings,
        metrics,
        opened=partial(open_ready, ready=probe),
        lanes=lambda: lanes_of(settings, name="ingester"),
    )
    return Service(
        runners=(runner_for(settings, made, metrics=metrics),),
        close=made.close,
        begin=partial(begin, settings),
    )


def stage(
    settings: IngesterSettings, metrics: Metrics, *, opened: OpenStore, lanes: Callable[[], int]
) -> Stage:
    """Return the step at work, with the store that `opened` gives; raises as `build` does.

    `lanes` tells how many partitions all replicas share.
    """
    section = settings.ingester
    policy = load_policy(section.manners.consent)
    closing = ExitStack()
    store = opened(settings.store, closing)
    threads = ThreadPoolExecutor(settings.store.max_connections, "store")
    counts = meters(metrics)
    fetcher = Fetcher(
        section.guard.guard(),
        section.limits,
        user_agent=user_agent(version("pixelprose-ingester"), section.contact),
        now=_now,
        timed=counts.timed,
    )
    share = Share(lanes=lanes(), clock=time.monotonic)
    image = image_errand(
        policy,
        DomainTurns(section.manners, share, places=section.concurrency),
        tdm_file=section.manners.tdm_file,
        fetcher=fetcher,
        store=store,
        threads=threads,
        counts=manners_meters(metrics),
        trip=counts.trip,
    )
    origins = _origins(settings, partial(fetcher.run, errand=image), closing)
    decoders = Decoders(section.decode)
    step = IngestStep(
        fetch=origins.fetch,
        decode=decoders.decode,
        quarantine=Quarantine(store, threads, originals=section.originals, count=counts.trip),
        meters=counts,
        now=_now,
        patience=patience(section),
    )
    worker = Async(step, limit=section.concurrency, opened=_opened(fetcher, decoders))
    closing.callback(threads.shutdown, wait=False, cancel_futures=True)
    return Stage(
        service="ingester",
        reads=ImageSubmitted,
        worker=worker,
        canonical=named,
        owning=share.owns,
        close=closing.close,
    )


def begin(settings: IngesterSettings) -> None:
    """Allow enough descriptors, and write the bucket's rules, if that is ours to do.

    A check of the settings never gets here.
    """
    if settings.ingester.contact is None:
        structlog.get_logger("ingester").warning(
            "no_contact",
            advice="set PIXELPROSE_INGESTER__CONTACT: hosts can't see whose crawler this is",
        )
    wanted, allowed = needed(concurrency=settings.ingester.concurrency), allow_all()
    if allowed < wanted:
        structlog.get_logger("ingester").warning(
            "few_descriptors", allowed=allowed, wanted=wanted, advice="raise `ulimit -Hn`"
        )
    expiry = settings.ingester.expiry
    if expiry.rules == "set":
        let_expire(settings.store, expiry.days())


def let_expire(settings: StoreSettings, days: Days) -> None:
    """Have the store delete what is old; where it can't, say so, for no record depends on it."""
    expiry = Expiry(settings)
    try:
        expiry.keep(days)
    except StoreError as error:
        structlog.get_logger("ingester").warning(
            "nothing_expires", reason=str(error), advice="run `pixelprose expire --delete` daily"
        )
    finally:
        expiry.close()


def _origins(
    settings: IngesterSettings,
    web: Callable[[CanonicalUrl], Awaitable[Fetched | Refusal | PutOff]],
    closing: ExitStack,
) -> Origins[Fetched | Refusal | PutOff]:
    """The web, and the folders and prefixes that are allowed."""
    section, limits = settings.ingester.sources, settings.ingester.limits
    threads = ThreadPoolExecutor(section.threads, "source")
    server = section.s3 or settings.store
    objects = Objects(section.buckets(), server, max_bytes=limits.max_bytes)
    closing.callback(objects.close)
    closing.callback(threads.shutdown, wait=False, cancel_futures=True)
    return Origins(
        web=web,
        files=LocalFiles(section.roots, max_bytes=limits.max_bytes),
        objects=objects,
        threads=threads,
        total_seconds=limits.total_seconds,
        now=_now,
    )


def image_errand(  # noqa: PLR0913 - the world port by port, each by name
    policy: ConsentPolicy,
    turns: DomainTurns,
    *,
    fetcher: Fetcher,
    store: ObjectStore,
    threads: Executor,
    counts: MannersMeters,
    tdm_file: bool = True,
    trip: Callable[[Trip], None] = lambda _: None,
) -> Errand:
    """Wire how images are asked for; `tdm_file` is whether a tdmrep.json is looked for before."""
    counts.backing_off.set_function(turns.paused)
    counts.broken.set_function(turns.broken)
    robots = OriginFiles(
        robots_txt(policy, token=PRODUCT),
        store,
        threads,
        partial(fetcher.run, errand=file_errand(turns, accept="text/plain")),
        now=_now,
        count=counts.robots_from,
        trip=trip,
    )
    reservations = OriginFiles(
        TDMREP_JSON,
        store,
        threads,
        partial(fetcher.run, errand=file_errand(turns, accept="application/json")),
        now=_now,
        count=counts.reservations_from,
        trip=trip,
    )
    manners = Manners(robots, reservations if tdm_file else None, turns, policy, token=PRODUCT)
    return manners.image


def patience(section: IngesterSection) -> Patience:
    """Return how often a record may wait: once per retry topic, or never."""
    return Patience(len(topic_list().retry_tiers("ingester")) if section.manners.retry else 0)


def user_agent(release: str, contact: HttpUrl | None) -> str:
    """Return who we say we are: product, version and, if there is one, where to ask."""
    product = f"{PRODUCT}/{release}"
    return product if contact is None else f"{product} (+{contact})"


@asynccontextmanager
async def _opened(*resources: AbstractAsyncContextManager[object]) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for resource in resources:
            await stack.enter_async_context(resource)
        yield


def _now() -> datetime:
    return datetime.now(UTC)
