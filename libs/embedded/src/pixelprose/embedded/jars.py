"""The jars on this machine: fetched once, proven once, then found without a network."""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pixelprose.embedded.errors import DiskFull, FetchFailed, WrongChecksum
from pixelprose.embedded.lock import Jar, Lock

# A proven jar carries this modification time (2001-09-09). Whatever writes to it changes the time,
# and then it is proven again; so a start reads the file system's facts and not 70 MB.
_PROVEN_AT = 1_000_000_000
_ATTEMPTS = 3
_FETCHERS = 6


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a fetch is. The first one has nothing done: it announces what will be fetched."""

    done_bytes: int
    total_bytes: int
    done_jars: int
    total_jars: int


OnProgress = Callable[[FetchProgress], None]


class Repository(Protocol):
    """Where jars come from. Its bytes are not trusted."""

    def fetch(self, jar: Jar, folder: Path, *, on_bytes: Callable[[int], None]) -> Path:
        """A file inside ``folder`` with the bytes this repository has for ``jar``.

        ``on_bytes`` hears the size of each piece as it arrives. Raises FetchFailed.
        """


def silent(_: FetchProgress) -> None:
    """Progress that nobody watches."""


class JarCache:
    """One folder of proven jars, shared by all processes of a user."""

    def __init__(
        self,
        folder: Path,
        repository: Repository,
        *,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._folder = folder
        self._repository = repository
        self._free_bytes = free_bytes

    def missing(self, *locks: Lock) -> tuple[Jar, ...]:
        """The jars that are not here yet, each once."""
        jars = dict.fromkeys(jar for lock in locks for jar in lock.jars)
        return tuple(jar for jar in jars if not self._is_proven(jar))

    def fetch(self, *locks: Lock, on_progress: OnProgress = silent) -> None:
        """All jars of the locks are here and proven; only what is missing is fetched.

        Raises FetchFailed, WrongChecksum or DiskFull. What was proven by then is kept.
        """
        if not self.missing(*locks):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._exclusively():
            jars = self.missing(*locks)  # another process may have been faster
            if not jars:
                return
            self._check_room(sum(jar.size_bytes for jar in jars))
            count = _Count(jars, on_progress)
            with ThreadPoolExecutor(_FETCHERS) as threads:
                for done in [threads.submit(self._fetch_one, jar, count) for jar in jars]:
                    done.result()

    def classpath(self, lock: Lock) -> tuple[Path, ...]:
        """Where the jars of a fetched lock lie, in its order."""
        return tuple(self._path(jar) for jar in lock.jars)

    def _fetch_one(self, jar: Jar, count: "_Count") -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with tempfile.TemporaryDirectory(dir=self._folder, prefix="incoming-") as incoming:
                    path = self._repository.fetch(jar, Path(incoming), on_bytes=count.bytes)
                    _prove(path, jar)
                    path.replace(self._path(jar))
            except FetchFailed:
                if attempt == _ATTEMPTS:
                    raise
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    raise DiskFull(f"no room left in {self._folder} for {jar}") from error
                raise
            else:
                count.jar()
                return

    def _is_proven(self, jar: Jar) -> bool:
        path = self._path(jar)
        if not path.exists():
            return False
        facts = path.stat()
        if (facts.st_size, int(facts.st_mtime)) == (jar.size_bytes, _PROVEN_AT):
            return True
        try:
            _prove(path, jar)
        except WrongChecksum:
            return False
        return True

    def _path(self, jar: Jar) -> Path:
        return self._folder / jar.file_name

    def _check_room(self, needed_bytes: int) -> None:
        free = self._free_bytes(self._folder)
        if free < needed_bytes:
            raise DiskFull(
                f"{self._folder} has {free / 1e6:.0f} MB free and the servers need"
                f" {needed_bytes / 1e6:.0f} MB; free some, or set PIXELPROSE_CACHE to another disk"
            )

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        with (self._folder / "fetching").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class _Count:
    """Adds up what several threads fetch, and tells it."""

    def __init__(self, jars: tuple[Jar, ...], on_progress: OnProgress) -> None:
        self._lock = threading.Lock()
        self._tell = on_progress
        self._now = FetchProgress(0, sum(jar.size_bytes for jar in jars), 0, len(jars))
        self._tell(self._now)

    def bytes(self, count: int) -> None:
        self._add(count, 0)

    def jar(self) -> None:
        self._add(0, 1)

    def _add(self, count: int, jars: int) -> None:
        with self._lock:
            now = self._now
            self._now = FetchProgress(
                now.done_bytes + count, now.total_bytes, now.done_jars + jars, now.total_jars
            )
            self._tell(self._now)


def _prove(path: Path, jar: Jar) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != jar.sha256:
        raise WrongChecksum(
            f"{jar} has SHA-256 {found} and not the pinned {jar.sha256}; it is not run."
            " The repository serves other bytes than were reviewed: check it, or update the lock"
        )
    os.utime(path, (_PROVEN_AT, _PROVEN_AT))
