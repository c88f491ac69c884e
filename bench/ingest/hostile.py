"""A site whose every tenth answer is trouble: `python -m bench.ingest.hostile`."""

import asyncio
import gzip
import io
import struct
import zlib
from contextlib import AbstractContextManager

from bench.ingest.site import serve_forever, served
from PIL import Image


def _picture(kind: str, size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


def _body(data: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [f"Content-Length: {len(data) if length is None else length}", *headers, "", ""]
    return b"HTTP/1.1 200 OK\r\n" + "\r\n".join(lines).encode() + data


def _bomb() -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + chunk + struct.pack(">I", zlib.crc32(chunk))


_PNG = _picture("PNG", (96, 64))
_GOOD = [_body(_picture("JPEG", (96 + 32 * n, 80))) for n in range(8)] + [_body(_PNG)]
_BAD = [
    _body(b"<!doctype html>"),
    _body(_PNG[:-30]),
    _body(_bomb() + b"\0\0\0\0IDAT"),
    _body(_picture("PNG", (1, 1))),
    _body(gzip.compress(bytes(3_000_000)), "Content-Encoding: gzip"),
    _body(_PNG, length=len(_PNG) + 9),
    _body(b"", length=10**12),
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n",
    b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://169.254.169.254/\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /0\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    b"220 no web server\r\n",
    b"",
]
"""The last one hangs up; one in seven does so in the middle of its answer."""

_SILENT = 997
"""Every so many requests nobody answers at all."""

_FILES = {b"/robots.txt": _body(b"User-agent: *\nDisallow: /private\nCrawl-delay: 0\n")}
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class _Hostile(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._out = transport

    def data_received(self, data: bytes) -> None:
        path = data.split(b" ", 2)[1]
        if not path[1:].isdigit():
            self._out.write(_FILES.get(path, _NOT_FOUND))
            return
        number = int(path[1:])
        if number % _SILENT == _SILENT - 1:
            return
        if number % 10:
            self._out.write(_GOOD[number % len(_GOOD)])
            return
        answer = _BAD[number // 10 % len(_BAD)]
        self._out.write(answer[: len(answer) // 2] if number % 70 == 0 else answer)
        self._out.close()


def hostile_site() -> AbstractContextManager[str]:
    """The site as a process of its own; its address on entering."""
    return served("bench.ingest.hostile")


if __name__ == "__main__":
    asyncio.run(serve_forever(_Hostile))
