"""Health and metrics over HTTP: /livez, /startupz, /readyz, /metrics."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from pixelprose.host.settings import HttpSettings
from pixelprose.streamkit.errors import Stop
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.metrics import Metrics

Check = Callable[[], bool]


class HealthServer:
    """Answers 200 where a check holds, and 503 where it does not.

    Raises:
        Stop: the port is taken.
    """

    def __init__(
        self, settings: HttpSettings, checks: Mapping[str, Check], metrics: Metrics
    ) -> None:
        try:
            self._server = ThreadingHTTPServer(
                (settings.host, settings.port), _handler(checks, metrics)
            )
        except OSError as error:
            raise Stop(
                ExitCode.BAD_CONFIGURATION,
                f"can't listen on {settings.host}:{settings.port} (http.host, http.port): {error}; "
                "choose another port, or 0 for any free one",
            ) from error
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def _handler(checks: Mapping[str, Check], metrics: Metrics) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer one request."""
            if self.path == "/metrics":
                self._say(HTTPStatus.OK, metrics.exposition())
            elif check := checks.get(self.path):
                good = check()
                status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
                self._say(status, b"ok\n" if good else b"no\n")
            else:
                known = ", ".join([*checks, "/metrics"])
                self._say(HTTPStatus.NOT_FOUND, f"known are {known}\n".encode())

        def _say(self, status: HTTPStatus, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked did not wait
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: a probe every second is no event."""

    return Handler
