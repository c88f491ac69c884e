"""The robots.txt of every origin: from memory, from the store that replicas share, or fetched."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeVar
from weakref import WeakValueDictionary

import msgspec
from yarl import URL

from pixelprose.ingester.fetch import Fetched
from pixelprose.ingester.manners.policy import ConsentPolicy
from pixelprose.ingester.manners.robots import Robots, read_robots
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Reason, Refusal
from pixelprose.ingester.url import CanonicalUrl
from pixelprose.objectstore import (
    ObjectKey,
    ObjectMissing,
    ObjectStore,
    StoreRefused,
    StoreUnavailable,
    robots,
)
from pixelprose.streamkit import ExitCode, Stop, Unavailable

T = TypeVar("T")

LONGEST_BYTES: Final = 500 * 1024
"""What RFC 9309 (2.5) wants parsed at least; the rest is not read."""

FRESH: Final = timedelta(hours=24)
"""How long a copy counts (2.4)."""

UNREACHABLE_FOR: Final = timedelta(minutes=10)
"""How long an origin that could not say anything is not asked again."""

STALE: Final = timedelta(days=30)
"""How old a copy may be to stand in for a robots.txt that is unreachable (2.3.1.4)."""

MEMORY_BYTES: Final = 16 * 1024 * 1024
ENTRY_BYTES: Final = 1_000
READ_HERE_BYTES: Final = 10_000
"""Longer ones are parsed in a thread: 500 KiB take up to a second."""

NONE: Final[frozenset[Reason]] = frozenset(
    {"http_not_found", "http_forbidden", "http_client_error", "too_many_redirects"}
)
"""Ends that mean that there is no robots.txt, so no rules (2.3.1.2, 2.3.1.3)."""

UNREACHABLE: Final[frozenset[Reason]] = frozenset({"http_server_error", "http_rate_limited"})
"""Ends that mean that everything is disallowed for now (2.3.1.4)."""

Source = Literal["memory", "store", "web"]


class RobotsFile(msgspec.Struct, frozen=True, kw_only=True):
    """What an origin said when it was asked; `data` are the rules of `read_at`."""

    origin: str
    asked_at: datetime
    reachable: bool
    data: bytes = b""
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A robots.txt with its rules; no rules when it is unreachable and no copy stands in."""

    file: RobotsFile
    rules: Robots | None

    def fresh(self, now: datetime) -> bool:
        """Whether it counts without asking again."""
        kept = FRESH if self.file.reachable else UNREACHABLE_FOR
        return now - self.file.asked_at < kept


class RobotsFiles:
    """Finds robots.txt files; one fetch per origin at a time. Lives in one event loop."""

    def __init__(  # noqa: PLR0913 - the world port by port, each by name
        self,
        store: ObjectStore,
        threads: Executor,
        fetch: Callable[[CanonicalUrl], Awaitable[Fetched | Refusal | PutOff]],
        *,
        policy: ConsentPolicy,
        token: str,
        now: Callable[[], datetime],
        count: Callable[[Source], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._threads = threads
        self._fetch = fetch
        self._policy = policy
        self._token = token
        self._now = now
        self._count = count
        self._memory: OrderedDict[str, Known] = OrderedDict()
        self._bytes = 0
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, url: URL) -> Known | Refusal | PutOff:
        """Return the robots.txt for `url`, or why its host can't be asked for it.

        Raises:
            Unavailable: the store, or this machine's network.
            Stop: the store refuses us.
        """
        origin = str(url.origin())
        lock = self._locks.setdefault(origin, asyncio.Lock())
        async with lock:
            if (known := self._memory.get(origin)) and known.fresh(self._now()):
                self._memory.move_to_end(origin)
                self._count("memory")
                return known
            stored = await self._stored(origin)
            if stored and stored.fresh(self._now()):
                self._count("store")
                return self._remember(stored)
            return await self._asked(origin, (stored or known))

    async def _asked(self, origin: str, old: Known | None) -> Known | Refusal | PutOff:
        self._count("web")
        answer = await self._fetch(CanonicalUrl(URL(f"{origin}/robots.txt")))
        now = self._now()
        refusal = answer.refusal if isinstance(answer, PutOff) else answer
        match refusal:
            case Fetched(body=body):
                file = RobotsFile(
                    origin=origin, asked_at=now, reachable=True, data=body, read_at=now
                )
            case Refusal(reason=reason) if reason in NONE:
                file = RobotsFile(origin=origin, asked_at=now, reachable=True)
            case Refusal(reason=reason) if reason in UNREACHABLE:
                file = _unreachable(origin, old, now=now)
            case _:  # what would also keep us from the image itself
                return _of_robots(answer)
        data = msgspec.json.encode(file)
        key = _key(origin)
        await self._call(lambda: self._store.put(key, data, content_type="application/json"))
        return self._remember(await self._known(file))

    async def _stored(self, origin: str) -> Known | None:
        try:
            data = await self._call(lambda: self._store.get(_key(origin)))
            file = msgspec.json.decode(data, type=RobotsFile)
        except (ObjectMissing, msgspec.DecodeError):
            return None
        return await self._known(file) if file.origin == origin else None

    async def _known(self, file: RobotsFile) -> Known:
        if not file.reachable and file.read_at is None:
            return Known(file, None)

        def read() -> Robots:
            return read_robots(file.data, self._policy, token=self._token)

        small = len(file.data) < READ_HERE_BYTES
        return Known(file, read() if small else await asyncio.to_thread(read))

    def _remember(self, known: Known) -> Known:
        if old := self._memory.pop(known.file.origin, None):
            self._bytes -= ENTRY_BYTES + len(old.file.data)
        self._memory[known.file.origin] = known
        self._bytes += ENTRY_BYTES + len(known.file.data)
        while self._bytes > MEMORY_BYTES:
            _, oldest = self._memory.popitem(last=False)
            self._bytes -= ENTRY_BYTES + len(oldest.file.data)
        return known

    async def _call(self, effect: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, effect)
        except StoreUnavailable as error:
            raise Unavailable("store", str(error)) from error
        except StoreRefused as error:
            raise Stop(ExitCode.BAD_CONFIGURATION, f"the store refuses us: {error}") from error


def _unreachable(origin: str, known: Known | None, *, now: datetime) -> RobotsFile:
    """Nothing was said; an old copy stands in while it is not too old."""
    old = known.file if known else None
    if old is None or old.read_at is None or now - old.read_at > STALE:
        return RobotsFile(origin=origin, asked_at=now, reachable=False)
    return RobotsFile(
        origin=origin, asked_at=now, reachable=False, data=old.data, read_at=old.read_at
    )


def _of_robots(answer: Fetched | Refusal | PutOff) -> Refusal | PutOff:
    match answer:
        case Refusal(reason, detail):
            return Refusal(reason, f"robots.txt: {detail}")
        case PutOff(Refusal(reason, detail), seconds):
            return PutOff(Refusal(reason, f"robots.txt: {detail}"), seconds)
        case Fetched():
            raise AssertionError("a fetched robots.txt is read")  # the caller took it


def _key(origin: str) -> ObjectKey:
    return robots(hashlib.sha256(origin.encode()).hexdigest())
