"""As much of Kafka's own protocol as no client in Python speaks: compact types, one connection."""

import socket
import struct
from collections.abc import Callable, Sequence
from typing import Self, TypeVar

T = TypeVar("T")

_CLIENT = b"pixelprose-embedded"
_CONTINUES = 0x80


class Writer:
    """Builds a request: big-endian numbers, compact strings and arrays, empty tags."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def number(self, form: str, value: int) -> Self:
        """One number in a form of `struct`: h, i, q or b."""
        self._bytes += struct.pack(f">{form}", value)
        return self

    def text(self, value: str) -> Self:
        """A compact string."""
        data = value.encode()
        self._length(len(data))
        self._bytes += data
        return self

    def array(self, items: Sequence[T], write: Callable[[T], object]) -> Self:
        """A compact array; `write` puts one item."""
        self._length(len(items))
        for item in items:
            write(item)
        return self

    def tags(self) -> Self:
        """The end of a structure: no tagged fields."""
        self._bytes += b"\0"
        return self

    def built(self) -> bytes:
        """Everything written."""
        return bytes(self._bytes)

    def _length(self, count: int) -> None:
        count += 1  # zero means null
        while count >= _CONTINUES:
            self._bytes.append(count % _CONTINUES | _CONTINUES)
            count //= _CONTINUES
        self._bytes.append(count)


class Reader:
    """Takes an answer apart, in the order in which it was written."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, form: str) -> int:
        """One number in a form of `struct`."""
        return int(struct.unpack(f">{form}", self._take(struct.calcsize(f">{form}")))[0])

    def text(self) -> str:
        """A compact string; null is empty."""
        return self._take(self._varint() - 1).decode() if self._peek() else self._null()

    def array(self, read: Callable[[], T]) -> list[T]:
        """A compact array; null is empty."""
        return [read() for _ in range(self._varint() - 1)]

    def tags(self) -> None:
        """Skip tagged fields."""
        for _ in range(self._varint()):
            self._varint()
            self._take(self._varint())

    def _null(self) -> str:
        self._varint()
        return ""

    def _peek(self) -> int:
        return self._data[self._at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            (byte,) = self._take(1)
            value |= (byte % _CONTINUES) << shift
            if byte < _CONTINUES:
                return value
            shift += 7

    def _take(self, count: int) -> bytes:
        data = self._data[self._at : self._at + count]
        if len(data) < count:
            raise ValueError("the broker's answer ends too early")
        self._at += count
        return data


class Connection:
    """Asks one broker, in clear, one request at a time. Raises OSError when it is gone."""

    def __init__(self, bootstrap_servers: str, *, timeout_seconds: float) -> None:
        host, _, port = bootstrap_servers.partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout_seconds)
        self._asked = 0

    def ask(self, api: int, version: int, body: bytes) -> Reader:
        """The answer to a request of a flexible version, after its header."""
        self._asked += 1
        header = struct.pack(">hhih", api, version, self._asked, len(_CLIENT)) + _CLIENT + b"\0"
        self._socket.sendall(struct.pack(">i", len(header) + len(body)) + header + body)
        (size,) = struct.unpack(">i", self._receive(4))
        answer = Reader(self._receive(size))
        if answer.number("i") != self._asked:
            raise ValueError("the broker answered another request")
        answer.tags()
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _receive(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            if not (part := self._socket.recv(count - len(data))):
                raise ConnectionError("the broker closed the connection")
            data += part
        return bytes(data)
