"""Files below allowed folders, read so that no link, race or special file leads elsewhere."""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from pixelprose.ingester.body import too_large
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.sources.body import Body, late
from pixelprose.records.source_uri import SourceUri, file_version
from pixelprose.streamkit import Unavailable

_CHUNK_BYTES = 1024**2
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENOTDIR, errno.ENXIO})
_MISSING = frozenset({errno.ENOENT, errno.ENAMETOOLONG})


class LocalFiles:
    """Reads regular files below `roots`; every other path is refused before it is looked at.

    A link is followed only to a place below a root again. The way there is then walked folder by
    folder without following links, so one that is swapped in meanwhile is refused.
    """

    def __init__(
        self,
        roots: Iterable[PurePosixPath],
        *,
        max_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._roots = tuple(roots)
        self._max_bytes = max_bytes
        self._clock = clock

    def read(self, uri: SourceUri, *, deadline: float) -> Body | Refusal:
        """Return the bytes that are meant. Blocks; `deadline` is a time of the clock.

        Raises:
            Unavailable: this machine can't read at all now.
        """
        asked = PurePosixPath(uri.path)
        if not any(asked.is_relative_to(root) for root in self._roots):
            return Refusal("forbidden_source", "not below an allowed folder")
        try:
            real = PurePosixPath(os.path.realpath(uri.path))
            for root in map(_resolved, self._roots):
                if real.is_relative_to(root) and real != root:
                    with _opened(root, real.relative_to(root)) as file:
                        return self._read(file, uri, deadline)
        except _NotRegularError:
            return Refusal("forbidden_source", "not a regular file")
        except OSError as error:
            return _judged(error)
        return Refusal("forbidden_source", "a link out of the allowed folders")

    def _read(self, file: int, uri: SourceUri, deadline: float) -> Body | Refusal:
        before = _version(file)
        size, span = os.fstat(file).st_size, uri.span
        if span is not None and (span.version != before or span.last >= size):
            return Refusal("source_changed", "not the version that was submitted")
        first, wanted = (0, size) if span is None else (span.first, span.size_bytes)
        if wanted > self._max_bytes:
            return too_large(self._max_bytes)
        body = bytearray()
        while len(body) < wanted:
            if self._clock() > deadline:
                return late()
            chunk = os.pread(file, min(_CHUNK_BYTES, wanted - len(body)), first + len(body))
            if not chunk:
                break
            body += chunk
        if len(body) < wanted or _version(file) != before:
            return Refusal("source_changed", "changed while it was read")
        return Body(bytes(body), version=before, modified=None)


class _NotRegularError(Exception):
    pass


@contextmanager
def _opened(root: PurePosixPath, path: PurePosixPath) -> Iterator[int]:
    """Open a regular file below a folder without following a link on the way."""
    held = [os.open(root, _FOLDER)]
    try:
        for name in path.parts[:-1]:
            held.append(os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=held[-1]))
        # Looked at first: opening a device may do something.
        if not stat.S_ISREG(os.stat(path.name, dir_fd=held[-1], follow_symlinks=False).st_mode):
            raise _NotRegularError
        held.append(os.open(path.name, _FILE, dir_fd=held[-1]))
        if not stat.S_ISREG(os.fstat(held[-1]).st_mode):
            raise _NotRegularError
        yield held[-1]
    finally:
        for descriptor in held:
            os.close(descriptor)


def _resolved(root: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(os.path.realpath(root))


def _version(file: int) -> str:
    facts = os.fstat(file)
    return file_version(facts.st_size, facts.st_mtime_ns)


def _judged(error: OSError) -> Refusal:
    if error.errno in _MISSING:
        return Refusal("source_missing", "no such file")
    if error.errno in _FORBIDDEN:
        return Refusal("forbidden_source", f"not readable: {os.strerror(error.errno or 0)}")
    raise Unavailable("source files", str(error)) from error
