"""A web site that serves the corpus from memory: `python -m bench.ingest.web`.

Prints its port. `/<set>/<run>/<number>` is a picture of the set, unique by a comment.
"""

import asyncio
from contextlib import AbstractContextManager
from typing import ClassVar

from bench.ingest.corpus import SETS, files, unique
from bench.ingest.site import serve_forever, served

_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class _Web(asyncio.Protocol):
    corpus: ClassVar[dict[str, list[bytes]]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._out = transport
        self._held = b""

    def data_received(self, data: bytes) -> None:
        self._held += data
        while b"\r\n\r\n" in self._held:
            head, _, self._held = self._held.partition(b"\r\n\r\n")
            self._out.write(self._answer(head))
            if b"connection: close" in head.lower():
                self._out.close()

    def _answer(self, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1].decode()
        name, _, number = path.strip("/").rpartition("/")
        pictures = self.corpus.get(name.partition("/")[0])
        if pictures is None:
            return _NOT_FOUND
        body = unique(pictures[int(number) % len(pictures)], path)
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body)
            + body
        )


def site() -> AbstractContextManager[str]:
    """The site as a process of its own; its address on entering."""
    return served("bench.ingest.web")


if __name__ == "__main__":
    _Web.corpus = {kind.name: files(kind) for kind in SETS}
    asyncio.run(serve_forever(_Web))
