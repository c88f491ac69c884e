"""What each answer of a server means, told by a server that answers as it is told."""

import contextlib
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from pixelprose.objectstore import (
    ObjectKey,
    ObjectMissing,
    S3Store,
    StoreError,
    StoreRefused,
    StoreSettings,
    StoreUnavailable,
    open_store,
)

KEY = ObjectKey("receipts/one")


@dataclass
class Script:
    """What the server says to every request; ``cut`` ends the connection after half the body."""

    status: int = 200
    code: str = ""
    message: str = ""
    cut: bool = False
    silent: threading.Event | None = None

    def body(self) -> bytes:
        if not self.code:
            return b"half and half"
        return f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>".encode()


class ScriptedServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ScriptedHandler)
        self.script = Script()
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.paths: list[str] = []


class ScriptedHandler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, dict(self.headers.items())))
        self.server.paths.append(self.path)
        script = self.server.script
        if script.silent:
            script.silent.wait(30)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # nobody waited
            self.send(script)

    def send(self, script: Script) -> None:
        body = script.body()
        self.send_response(script.status)
        if script.code:
            self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if script.cut else body)

    do_GET = do_PUT = do_HEAD = do_DELETE = answer  # noqa: N815 - the parent's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        pass


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        thread = threading.Thread(target=scripted.serve_forever, args=(0.02,))
        thread.start()
        yield scripted
        scripted.shutdown()
        thread.join()


def store_at(port: int) -> S3Store:
    return open_store(
        StoreSettings(
            endpoint=f"http://127.0.0.1:{port}",
            bucket="pictures",
            access_key="us",
            secret_key=SecretStr("secret"),
            connect_timeout_seconds=0.5,
            read_timeout_seconds=0.5,
        )
    )


CALLS: list[Callable[[S3Store], object]] = [
    lambda store: store.get(KEY),
    lambda store: store.put(KEY, b"x", content_type="text/plain"),
    lambda store: store.put_if_absent(KEY, b"x", content_type="text/plain"),
    lambda store: list(store.list("")),
    lambda store: store.delete(KEY),
]


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        (Script(404, "NoSuchKey"), ObjectMissing, "no object under 'receipts/one'"),
        (Script(404, "NoSuchBucket"), StoreRefused, "create it, or set create_bucket"),
        (Script(403, "AccessDenied"), StoreRefused, "check access_key, secret_key"),
        (Script(403, "RequestTimeTooSkewed"), StoreRefused, "set this machine's time"),
        (Script(501, "NotImplemented"), StoreRefused, "use a server with the common S3 calls"),
        (Script(400, "RequestTimeout"), StoreUnavailable, "is busy"),
        (Script(409, "ConditionalRequestConflict"), StoreUnavailable, "is busy"),
        (Script(429, "TooManyRequests"), StoreUnavailable, "is busy"),
        (Script(503, "SlowDown"), StoreUnavailable, "is busy"),
        (Script(507, "XMinioStorageFull"), StoreUnavailable, "is full; free space"),
        (Script(500, "InternalError", "disk quota"), StoreUnavailable, "whether its disk is full"),
        (Script(502), StoreUnavailable, "502"),
    ],
)
def test_an_answer_says_who_must_act(
    server: ScriptedServer, script: Script, kind: type[StoreError], message: str
) -> None:
    server.script = script
    store = store_at(server.server_port)
    calls = CALLS[:3] if kind is ObjectMissing else CALLS
    for call in calls:
        with pytest.raises(kind, match=message):
            call(store)


def test_deleting_where_the_server_knows_no_such_key_is_fine(server: ScriptedServer) -> None:
    server.script = Script(404, "NoSuchKey")
    store_at(server.server_port).delete(KEY)


def test_a_failed_precondition_means_that_somebody_was_first(server: ScriptedServer) -> None:
    server.script = Script(412, "PreconditionFailed")
    store = store_at(server.server_port)
    assert not store.put_if_absent(KEY, b"x", content_type="text/plain")


def test_a_conditional_put_is_one_request_with_its_condition_signed(
    server: ScriptedServer,
) -> None:
    assert store_at(server.server_port).put_if_absent(KEY, b"x", content_type="text/plain")
    ((method, headers),) = server.seen
    assert method == "PUT"
    assert headers["If-None-Match"] == "*"
    assert headers["Content-Type"] == "text/plain"
    (signed,) = re.findall(r"SignedHeaders=([^,]+),", headers["Authorization"])
    own = {name.lower() for name in headers if name.lower().startswith("x-amz")}
    assert {*own, "content-type", "host", "if-none-match"} == set(signed.split(";"))


def test_bytes_are_vouched_for_by_their_hash(server: ScriptedServer) -> None:
    store = store_at(server.server_port)
    store.put(KEY, b"x", content_type="text/plain")
    store.get(KEY)
    seen = [headers["x-amz-content-sha256"] for _, headers in server.seen]
    assert seen == [hashlib.sha256(data).hexdigest() for data in (b"x", b"")]


def test_a_key_with_spaces_is_one_object(server: ScriptedServer) -> None:
    store_at(server.server_port).put(ObjectKey("a b/ü"), b"x", content_type="text/plain")
    assert server.paths == ["/pictures/a%20b/%C3%BC"]


def test_a_large_put_is_one_request(server: ScriptedServer) -> None:
    store_at(server.server_port).put(KEY, bytes(6 * 2**20), content_type="text/plain")
    assert [method for method, _ in server.seen] == ["PUT"]


@pytest.mark.parametrize("call", CALLS)
def test_a_silent_server_is_unavailable_after_the_time_out(
    server: ScriptedServer, call: Callable[[S3Store], object]
) -> None:
    server.script = Script(silent=threading.Event())
    with pytest.raises(StoreUnavailable, match="is the server up and reachable"):
        call(store_at(server.server_port))
    assert server.script.silent
    server.script.silent.set()
    assert len(server.seen) == 1  # no retry of ours


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_is_not_there_is_unavailable(call: Callable[[S3Store], object]) -> None:
    with ScriptedServer() as closed:
        port = closed.server_port
    with pytest.raises(StoreUnavailable, match=f"'pictures' at http://127.0.0.1:{port} does not"):
        call(store_at(port))


def test_half_an_object_is_no_object(server: ScriptedServer) -> None:
    server.script = Script(cut=True)
    with pytest.raises(StoreUnavailable):
        store_at(server.server_port).get(KEY)


def test_a_server_that_speaks_no_s3_is_unavailable(server: ScriptedServer) -> None:
    server.script = Script(200)
    with pytest.raises(StoreUnavailable, match="not as S3 does"):
        list(store_at(server.server_port).list(""))
    server.script = Script(404)
    for call in CALLS[:3]:
        with pytest.raises(StoreUnavailable, match="not as S3 does"):
            call(store_at(server.server_port))
