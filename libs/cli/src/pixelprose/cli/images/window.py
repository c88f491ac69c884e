"""A file that is read here and there, in blocks, so that small reads cost no request each."""

import io
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

ReadRange = Callable[[int, int], bytes]
"""Bytes from a place on, as many as asked for unless the end comes first."""

BLOCK_BYTES: Final = 512 * 1024
BLOCKS: Final = 8


class Window:
    """Remembers the last blocks that were read."""

    def __init__(self, read: ReadRange, *, size_bytes: int) -> None:
        self._read = read
        self._size = size_bytes
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def read(self, first: int, size_bytes: int) -> bytes:
        """Return bytes of the file, fewer at its end."""
        last = min(first + size_bytes, self._size)
        found = bytearray()
        while first < last:
            number, at = divmod(first, BLOCK_BYTES)
            piece = self._block(number)[at : at + last - first]
            if not piece:
                break
            found += piece
            first += len(piece)
        return bytes(found)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            first = number * BLOCK_BYTES
            self._blocks[number] = self._read(first, min(BLOCK_BYTES, self._size - first))
            if len(self._blocks) > BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]


class HeaderFile(io.RawIOBase):
    """What a reader of headers may do with a file that nobody vouches for.

    It reads little at a time, and not for ever.
    """

    def __init__(self, window: Window, *, size_bytes: int, largest_read: int, reads: int) -> None:
        super().__init__()
        self._window = window
        self._size = size_bytes
        self._largest = largest_read
        self._left = reads
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The place of the next read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, which may lie behind the end."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("a place before the beginning")
        self._at = start + offset
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes.

        Raises:
            ValueError: too many at once, or too often.
        """
        if not 0 <= size <= self._largest:
            raise ValueError(f"a header of more than {self._largest} bytes")
        if self._left <= 0:
            raise ValueError("headers without an end")
        self._left -= 1
        data = self._window.read(self._at, size)
        self._at += len(data)
        return data
