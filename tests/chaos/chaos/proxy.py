"""A small proxy in front of the S3 server that can be told to misbehave."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

_HEAD_LIMIT = 64 * 1024
_PIECE = 64 * 1024
_START_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Pass:
    """Everything goes through."""


@dataclass(frozen=True, slots=True)
class Slow:
    """Each request waits before it goes through."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Requests of these methods (all, if none are named) are answered here, with this status."""

    status: int
    code: str
    methods: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reset:
    """Connections are closed as soon as they say something."""


@dataclass(frozen=True, slots=True)
class CutUploads:
    """Half of an upload's body goes through, then both connections break."""


Mood = Pass | Slow | Answer | Reset | CutUploads

BUSY = Answer(503, "SlowDown")
DISK_FULL = Answer(507, "InsufficientStorage", frozenset({"PUT", "POST"}))


@dataclass(frozen=True, slots=True)
class _Request:
    head: bytes
    method: str
    length: int


class S3Proxy:
    """Listens on loopback in a thread of its own; `mood` may be set at any time.

    Bodies need a declared length, as S3 clients send it; answers are copied as they come.
    """

    def __init__(self, upstream_port: int) -> None:
        self.mood: Mood = Pass()
        self._upstream_port = upstream_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._await(asyncio.start_server(self._serve, "127.0.0.1", 0))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._await(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_SECONDS)
        self._loop.close()

    @property
    def endpoint(self) -> str:
        """Where clients connect."""
        if self._server is None:
            raise RuntimeError("the proxy is closed: use it as a context manager")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def _await(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever it returns
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_SECONDS)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._connection(reader, writer)
        writer.transport.abort() if isinstance(self.mood, Reset) else writer.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream: asyncio.StreamWriter | None = None
        copying: asyncio.Task[None] | None = None
        try:
            while (request := await _read_request(reader)) is not None:
                mood = self.mood
                match mood:
                    case Reset():
                        return
                    case Answer(status, code, methods) if not methods or request.method in methods:
                        await _answer(reader, writer, request, status=status, code=code)
                        return
                    case Slow(seconds):
                        await asyncio.sleep(seconds)
                if upstream is None:
                    back, upstream = await asyncio.open_connection("127.0.0.1", self._upstream_port)
                    copying = asyncio.create_task(_copy(back, writer))
                upstream.write(request.head)
                if isinstance(mood, CutUploads) and request.length:
                    await _forward(reader, upstream, request.length // 2)
                    return
                await _forward(reader, upstream, request.length)
        finally:
            if copying is not None:
                copying.cancel()
            if upstream is not None:
                upstream.close()


async def _read_request(reader: asyncio.StreamReader) -> _Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value for name, _, value in (x.partition(":") for x in lines)}
    return _Request(head, first.split(" ", 1)[0], int(headers.get("content-length", "0")))


async def _forward(
    reader: asyncio.StreamReader, upstream: asyncio.StreamWriter, length: int
) -> None:
    while length and (piece := await reader.read(min(_PIECE, length))):
        upstream.write(piece)
        await upstream.drain()
        length -= len(piece)
    await upstream.drain()


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: _Request,
    *,
    status: int,
    code: str,
) -> None:
    if request.length:
        await reader.readexactly(request.length)
    body = f"<Error><Code>{code}</Code><Message>as asked</Message></Error>".encode()
    if request.method == "HEAD":
        body = b""
    writer.write(
        f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    # The server hung up, so must we, or the client would wait for an answer.
    writer.close()
