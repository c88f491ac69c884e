"""A file of every origin: from memory, from the store that replicas share, or fetched."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Generic, Literal, TypeVar
from weakref import WeakValueDictionary

import msgspec
from yarl import URL

from pixelprose.ingester.fetch import Fetched
from pixelprose.ingester.meters import Trip
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Reason, Refusal
from pixelprose.ingester.url import CanonicalUrl
from pixelprose.objectstore import (
    ObjectKey,
    ObjectMissing,
    ObjectStore,
    StoreRefused,
    StoreUnavailable,
)
from pixelprose.streamkit import ExitCode, Stop, Unavailable

T = TypeVar("T")
Rules = TypeVar("Rules")

LONGEST_BYTES: Final = 500 * 1024
"""What RFC 9309 (2.5) wants parsed of a robots.txt at least; the rest of a file is not read."""

FRESH: Final = timedelta(hours=24)
"""How long a copy counts (2.4)."""

UNREACHABLE_FOR: Final = timedelta(minutes=10)
"""How long an origin that could not say anything is not asked again."""

STALE: Final = timedelta(days=30)
"""How old a copy may be to stand in for a file that is unreachable (2.3.1.4)."""

MEMORY_BYTES: Final = 32 * 1024 * 1024
"""Of what is remembered, by kind: some 10,000 origins with a short file."""

ENTRY_BYTES: Final = 2_000
BYTES_A_BYTE: Final = 12
"""What an origin takes, and what each byte of its file takes once it is parsed: measured with
tracemalloc, 1.3 KB without rules, 2.7 KB for 48 bytes, 149 KB for 13 KB."""

READ_HERE_BYTES: Final = 10_000
"""Longer ones are parsed in a thread: 500 KiB take up to a second."""

Source = Literal["memory", "store", "web"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[Rules]):
    """One well-known file.

    Attributes:
        path: where it lies, with the slash.
        key: where a copy lies in the store, by the SHA-256 of the origin.
        trips: how a look for that copy is counted, and its writing.
        read: its bytes as rules; never raises.
        none: ends of a fetch that mean that there is no such file.
        unreachable: ends that mean that nobody knows for now. What is neither keeps us from the
            image, too.
    """

    path: str
    key: Callable[[str], ObjectKey]
    trips: tuple[Trip, Trip]
    read: Callable[[bytes], Rules]
    none: frozenset[Reason]
    unreachable: frozenset[Reason]

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.rpartition("/")[2]


class OriginFile(msgspec.Struct, frozen=True, kw_only=True):
    """What an origin said when it was asked; `data` are the rules of `read_at`."""

    origin: str
    asked_at: datetime
    reachable: bool
    data: bytes = b""
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known(Generic[Rules]):
    """A file with its rules; no rules when it is unreachable and no copy stands in."""

    file: OriginFile
    rules: Rules | None

    def fresh(self, now: datetime) -> bool:
        """Whether it counts without asking again."""
        kept = FRESH if self.file.reachable else UNREACHABLE_FOR
        return now - self.file.asked_at < kept

    @property
    def seen_at(self) -> datetime:
        """When its origin said so."""
        return self.file.read_at or self.file.asked_at


class OriginFiles(Generic[Rules]):
    """Finds files of one kind; one fetch per origin at a time. Lives in one event loop."""

    def __init__(  # noqa: PLR0913 - the world port by port, each by name
        self,
        kind: Kind[Rules],
        store: ObjectStore,
        threads: Executor,
        fetch: Callable[[CanonicalUrl], Awaitable[Fetched | Refusal | PutOff]],
        *,
        now: Callable[[], datetime],
        count: Callable[[Source], None] = lambda _: None,
        trip: Callable[[Trip], None] = lambda _: None,
    ) -> None:
        self._kind = kind
        self._store = store
        self._threads = threads
        self._fetch = fetch
        self._now = now
        self._count = count
        self._trip = trip
        self._memory: OrderedDict[str, Known[Rules]] = OrderedDict()
        self._bytes = 0
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, url: URL) -> Known[Rules] | Refusal | PutOff:
        """Return the file for `url`, or why its host can't be asked for it.

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

    async def _asked(
        self, origin: str, old: Known[Rules] | None
    ) -> Known[Rules] | Refusal | PutOff:
        self._count("web")
        answer = await self._fetch(CanonicalUrl(URL(f"{origin}{self._kind.path}")))
        now = self._now()
        refusal = answer.refusal if isinstance(answer, PutOff) else answer
        match refusal:
            case Fetched(body=body):
                file = OriginFile(
                    origin=origin, asked_at=now, reachable=True, data=body, read_at=now
                )
            case Refusal(reason=reason) if reason in self._kind.none:
                file = OriginFile(origin=origin, asked_at=now, reachable=True)
            case Refusal(reason=reason) if reason in self._kind.unreachable:
                file = _unreachable(origin, old.file if old else None, now=now)
            case _:  # what would also keep us from the image itself
                return self._about_the_file(answer)
        data = msgspec.json.encode(file)
        key, (_, put) = self._key(origin), self._kind.trips
        await self._call(put, lambda: self._store.put(key, data, content_type="application/json"))
        return self._remember(await self._known(file))

    async def _stored(self, origin: str) -> Known[Rules] | None:
        get, _ = self._kind.trips
        try:
            data = await self._call(get, lambda: self._store.get(self._key(origin)))
            file = msgspec.json.decode(data, type=OriginFile)
        except (ObjectMissing, msgspec.DecodeError):
            return None
        return await self._known(file) if file.origin == origin else None

    async def _known(self, file: OriginFile) -> Known[Rules]:
        if not file.reachable and file.read_at is None:
            return Known(file, None)

        read = partial(self._kind.read, file.data)
        small = len(file.data) < READ_HERE_BYTES
        return Known(file, read() if small else await asyncio.to_thread(read))

    def _remember(self, known: Known[Rules]) -> Known[Rules]:
        if old := self._memory.pop(known.file.origin, None):
            self._bytes -= _weight(old)
        self._memory[known.file.origin] = known
        self._bytes += _weight(known)
        while self._bytes > MEMORY_BYTES:
            _, oldest = self._memory.popitem(last=False)
            self._bytes -= _weight(oldest)
        return known

    def _about_the_file(self, answer: Fetched | Refusal | PutOff) -> Refusal | PutOff:
        match answer:
            case Refusal(reason, detail):
                return Refusal(reason, f"{self._kind.name}: {detail}")
            case PutOff(Refusal(reason, detail), seconds):
                return PutOff(Refusal(reason, f"{self._kind.name}: {detail}"), seconds)
            case Fetched():
                raise AssertionError("a fetched file is read")  # the caller took it

    def _key(self, origin: str) -> ObjectKey:
        return self._kind.key(hashlib.sha256(origin.encode()).hexdigest())

    async def _call(self, trip: Trip, effect: Callable[[], T]) -> T:
        self._trip(trip)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, effect)
        except StoreUnavailable as error:
            raise Unavailable("store", str(error)) from error
        except StoreRefused as error:
            raise Stop(ExitCode.BAD_CONFIGURATION, f"the store refuses us: {error}") from error


def _weight(known: Known[Rules]) -> int:
    return ENTRY_BYTES + BYTES_A_BYTE * len(known.file.data)


def _unreachable(origin: str, old: OriginFile | None, *, now: datetime) -> OriginFile:
    """Nothing was said; an old copy stands in while it is not too old."""
    if old is None or old.read_at is None or now - old.read_at > STALE:
        return OriginFile(origin=origin, asked_at=now, reachable=False)
    return OriginFile(
        origin=origin, asked_at=now, reachable=False, data=old.data, read_at=old.read_at
    )
