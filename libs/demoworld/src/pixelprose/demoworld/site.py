"""A web site on loopback that serves scenes, and every kind of trouble, by URL alone."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar, Self

from pixelprose.demoworld.answers import Answer, Body, Redirect, Slow, answer

_CHUNK = b"\0" * 65_536


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], answering: Callable[[str], Answer]) -> None:
        super().__init__(address, _Handler)
        self.answering = answering
        self.closing = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up on slow or endless answers do what they should."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "demoworld"
    server: ClassVar[_Server]  # type: ignore[misc]

    def do_GET(self) -> None:
        self._send(self.server.answering(self.path))

    def do_HEAD(self) -> None:
        self._send(self.server.answering(self.path))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """A demo site keeps no access log."""

    def _send(self, reply: Answer) -> None:
        match reply:
            case Redirect(location):
                self.send_response(302)
                self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()
            case Slow(body, seconds_per_byte):
                self._head(body)
                for byte in body.data:
                    if self.server.closing.wait(seconds_per_byte):
                        break
                    self.wfile.write(bytes([byte]))
            case Body() as body:
                self._head(body)
                if self.command == "GET":
                    self._write(body)

    def _head(self, body: Body) -> None:
        self.send_response(body.status)
        self.send_header("Content-Type", body.media_type)
        for name, value in body.headers:
            self.send_header(name, value)
        if body.declared_length is None:
            self.close_connection = True
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(body.declared_length))
        self.end_headers()

    def _write(self, body: Body) -> None:
        self.wfile.write(body.data)
        if body.declared_length != len(body.data):
            self.close_connection = True
        while body.endless and not self.server.closing.is_set():
            self.wfile.write(_CHUNK)


class Site:
    """The site, from entering the context to leaving it.

    `port` 0 takes a free one. `pixelprose.demoworld.answers` lists the paths; another `answering`
    is called from several threads.
    """

    def __init__(self, *, port: int = 0, answering: Callable[[str], Answer] = answer) -> None:
        self._port = port
        self._answering = answering
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        """Listen, and answer from a thread of its own.

        Raises:
            OSError: the port is taken.
        """
        self._server = _Server(("127.0.0.1", self._port), self._answering)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.closing.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def address(self) -> str:
        """Scheme, host and port, without a slash at the end.

        Raises:
            RuntimeError: the site is not running.
        """
        if self._server is None:
            raise RuntimeError("the site is closed: use it as a context manager")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def url(self, path: str) -> str:
        """The address of a path such as `/scene/7.jpg`."""
        return f"{self.address}/{path.lstrip('/')}"
