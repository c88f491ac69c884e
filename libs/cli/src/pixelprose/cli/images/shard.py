"""Members of a tar shard by place and size; no header is trusted and no name is a path."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from pixelprose.cli.images.window import HeaderFile, ReadRange, Window
from pixelprose.cli.rows import BadRow

_BLOCK: Final = 512
_LARGEST_HEADER: Final = 1024**2
# What the standard library's reader of headers raises on bytes that are none.
_BROKEN = (tarfile.TarError, ValueError, OverflowError, RecursionError, EOFError, KeyError)


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file in a shard; `read(first, size)` gives bytes of it."""

    name: str
    first: int
    size_bytes: int
    read: ReadRange


def members(shard: str, read: ReadRange, *, size_bytes: int) -> Iterator[Member | BadRow]:
    """Yield the regular members in order, reading headers alone.

    What is no plain file, or claims bytes that are not there, is bad; a broken header ends the
    shard and is bad too.
    """
    window = Window(read, size_bytes=size_bytes)
    reads = 8 * (size_bytes // _BLOCK + 4)
    file = HeaderFile(window, size_bytes=size_bytes, largest_read=_LARGEST_HEADER, reads=reads)
    reached = 0
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            while (header := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
                if header.offset_data <= reached:
                    raise ValueError("a header that leads back")
                reached = header.offset_data
                if header.isdir():
                    continue
                yield _member(shard, header, window, size_bytes)
            if _is_no_end(window.read(tar.offset, _BLOCK)):
                raise ValueError(f"no header at byte {tar.offset}")
    except _BROKEN as error:
        yield BadRow(shard, f"what follows byte {reached} is no tar: {error}")


def _member(shard: str, header: tarfile.TarInfo, window: Window, size: int) -> Member | BadRow:
    name = header.name.encode("utf-8", "replace").decode()
    where = f"{shard}, {name[:200]!r}"
    if not header.isreg() or header.issparse():
        return BadRow(where, "a link, a device or a sparse file")
    if header.size < 0 or header.offset_data + header.size > size:
        return BadRow(where, "claims more bytes than the shard has")
    if header.size == 0:
        return BadRow(where, "empty")
    first = header.offset_data
    return Member(name, first, header.size, partial(_part, window, first, header.size))


def _part(window: Window, start: int, size: int, first: int, wanted: int) -> bytes:
    return window.read(start + first, min(wanted, size - first))


def _is_no_end(block: bytes) -> bool:
    """Zeros end a tar, and so does the end of the file."""
    return bool(block.strip(b"\0"))
