"""The bytes of an answer, counted as they come in and again as they unfold."""

import asyncio
import zlib
from collections.abc import AsyncIterator

from pixelprose.ingester.refusal import Refusal


class TooSlow(Exception):
    """The bytes come slower than they must."""


_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


async def paced(
    chunks: AsyncIterator[bytes], *, least_bytes_per_second: float, grace_seconds: float
) -> AsyncIterator[bytes]:
    """Yield the chunks as they come, while they come fast enough on average.

    Raises:
        TooSlow: after the grace, fewer bytes came than the rate asks for; also when none came.
    """
    loop = asyncio.get_running_loop()
    began, received = loop.time() + grace_seconds, 0
    while True:
        try:
            async with asyncio.timeout_at(began + received / least_bytes_per_second):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise TooSlow(f"fewer than {least_bytes_per_second:g} bytes per second") from error
        if chunk is None:
            return
        received += len(chunk)
        yield chunk


async def bounded(
    chunks: AsyncIterator[bytes], *, encoding: str, max_bytes: int
) -> bytes | Refusal:
    """Return the whole body; stop reading at the first byte too many.

    `encoding` is the Content-Encoding: we ask for none, but some servers fold all the same.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return await _plain(chunks, max_bytes)
    if encoding not in _WINDOW_BITS:
        return Refusal("unsupported_format", "a content encoding that we did not ask for")
    return await _unfolded(chunks, _WINDOW_BITS[encoding], max_bytes)


async def beginning(chunks: AsyncIterator[bytes], *, encoding: str, max_bytes: int) -> bytes:
    """Return the first `max_bytes` of a body, or as much of it as can be read."""
    encoding = encoding.strip().lower()
    folded = encoding in _WINDOW_BITS
    unfold = zlib.decompressobj(_WINDOW_BITS[encoding]) if folded else None
    body = bytearray()
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        try:
            body += unfold.decompress(chunk, max_bytes - len(body)) if unfold else chunk
        except zlib.error:
            break
        if max(received, len(body)) >= max_bytes:
            break
    return bytes(body[:max_bytes])


async def _plain(chunks: AsyncIterator[bytes], max_bytes: int) -> bytes | Refusal:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > max_bytes:
            return too_large(max_bytes)
    return bytes(body)


async def _unfolded(
    chunks: AsyncIterator[bytes], window_bits: int, max_bytes: int
) -> bytes | Refusal:
    unfold = zlib.decompressobj(window_bits)
    body = bytearray()
    received = 0
    try:
        async for chunk in chunks:
            received += len(chunk)
            body += unfold.decompress(chunk, max_bytes + 1 - len(body))
            if max(received, len(body)) > max_bytes:
                return too_large(max_bytes)
    except zlib.error:
        return Refusal("decode_failed", "the content encoding is broken")
    if not unfold.eof:
        return Refusal("truncated", "the content encoding ends too early")
    return bytes(body)


def too_large(max_bytes: int) -> Refusal:
    """The refusal of a body that is longer than this."""
    return Refusal("too_large", f"more than {max_bytes} bytes")
