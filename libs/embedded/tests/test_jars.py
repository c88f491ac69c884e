import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pixelprose.embedded.errors import DiskFull, FetchFailed, WrongChecksum
from pixelprose.embedded.jars import FetchProgress, JarCache, Repository
from pixelprose.embedded.lock import Jar, Lock

PINNED = {f"jar{number}": f"bytes of jar {number}".encode() for number in range(8)}
LOCK = Lock(
    tuple(
        Jar(
            "org.example",
            name,
            "1.0",
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
        )
        for name, data in PINNED.items()
    )
)


class Shelf(Repository):
    """A repository of given bytes; each of ``troubles`` happens once before it serves."""

    def __init__(self, contents: dict[str, bytes], troubles: list[Exception] | None = None) -> None:
        self._contents = contents
        self._troubles = troubles or []
        self.served = 0

    def fetch(self, jar: Jar, folder: Path, *, on_bytes: Callable[[int], None]) -> Path:
        if self._troubles:
            raise self._troubles.pop()
        if jar.artifact not in self._contents:
            raise FetchFailed(f"no {jar}")
        self.served += 1
        path = folder / "file"
        path.write_bytes(self._contents[jar.artifact])
        on_bytes(len(self._contents[jar.artifact]))
        return path


def cache_of(folder: Path, repository: Repository) -> JarCache:
    return JarCache(folder / "jars", repository)


def test_what_was_fetched_is_on_the_class_path_in_the_order_of_the_lock(tmp_path: Path) -> None:
    cache = cache_of(tmp_path, Shelf(PINNED))
    cache.fetch(LOCK)
    assert [path.read_bytes() for path in cache.classpath(LOCK)] == list(PINNED.values())


def test_a_second_fetch_asks_no_repository(tmp_path: Path) -> None:
    cache_of(tmp_path, Shelf(PINNED)).fetch(LOCK)
    empty = Shelf({})
    cache_of(tmp_path, empty).fetch(LOCK)
    assert cache_of(tmp_path, empty).missing(LOCK) == ()


def test_bytes_that_are_not_the_pinned_ones_are_refused_and_not_kept(tmp_path: Path) -> None:
    cache = cache_of(tmp_path, Shelf(PINNED | {"jar3": b"bytes of jar X"}))
    with pytest.raises(WrongChecksum, match=r"org\.example:jar3:1\.0 has SHA-256"):
        cache.fetch(LOCK)
    assert [jar.artifact for jar in cache.missing(LOCK)] == ["jar3"]
    assert not cache.classpath(LOCK)[3].exists()


@pytest.mark.parametrize("damage", [b"", b"bytes of jar X", b"too many bytes for this jar"])
def test_a_jar_damaged_on_disk_is_fetched_anew(tmp_path: Path, damage: bytes) -> None:
    cache = cache_of(tmp_path, Shelf(PINNED))
    cache.fetch(LOCK)
    cache.classpath(LOCK)[2].write_bytes(damage)
    cache.fetch(LOCK)
    assert cache.classpath(LOCK)[2].read_bytes() == PINNED["jar2"]


def test_a_jar_that_was_only_touched_is_kept(tmp_path: Path) -> None:
    cache_of(tmp_path, Shelf(PINNED)).fetch(LOCK)
    cache = cache_of(tmp_path, Shelf({}))
    os.utime(cache.classpath(LOCK)[0])
    assert cache.missing(LOCK) == ()


def test_progress_announces_the_whole_and_ends_with_it(tmp_path: Path) -> None:
    heard: list[FetchProgress] = []
    cache_of(tmp_path, Shelf(PINNED)).fetch(LOCK, on_progress=heard.append)
    whole = LOCK.size_bytes
    assert heard[0] == FetchProgress(0, whole, 0, len(PINNED))
    assert heard[-1] == FetchProgress(whole, whole, len(PINNED), len(PINNED))


def test_nothing_is_announced_when_nothing_is_fetched(tmp_path: Path) -> None:
    cache_of(tmp_path, Shelf(PINNED)).fetch(LOCK)
    heard: list[FetchProgress] = []
    cache_of(tmp_path, Shelf({})).fetch(LOCK, on_progress=heard.append)
    assert heard == []


def test_a_jar_of_two_locks_is_fetched_once(tmp_path: Path) -> None:
    shelf = Shelf(PINNED)
    cache_of(tmp_path, shelf).fetch(LOCK, LOCK)
    assert shelf.served == len(PINNED)


def test_a_repository_that_fails_twice_is_asked_again(tmp_path: Path) -> None:
    lock = Lock(LOCK.jars[:1])
    cache_of(tmp_path, Shelf(PINNED, [FetchFailed("1"), FetchFailed("2")])).fetch(lock)


def test_a_repository_that_goes_on_failing_fails_the_fetch(tmp_path: Path) -> None:
    cache = cache_of(tmp_path, Shelf({}))
    with pytest.raises(FetchFailed, match=r"no org\.example:jar0:1\.0"):
        cache.fetch(LOCK)
    assert cache.missing(LOCK) == LOCK.jars


def test_too_little_room_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    shelf = Shelf(PINNED)
    cache = JarCache(tmp_path, shelf, free_bytes=lambda _: LOCK.size_bytes - 1)
    with pytest.raises(DiskFull, match="set PIXELPROSE_CACHE to another disk"):
        cache.fetch(LOCK)
    assert shelf.served == 0


def test_a_disk_that_fills_up_meanwhile_is_told_as_such(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(DiskFull, match="no room left in"):
        cache_of(tmp_path, Shelf(PINNED, [full])).fetch(LOCK)
