"""A proxy in front of an S3 server that fails requests; in a process of its own.

It must be one: delta-rs keeps the interpreter's lock in some waits, and would wait for a proxy
that needs that lock to answer.
"""

import http.client
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import IO, Literal

_SECONDS = 30.0

Kind = Literal["answer", "slow", "lost", "cut"]
"""What goes wrong: the server never hears of it and the client gets a status; it goes through late;
the server did it and the client never hears so; half of the body arrives and the connection ends.
"""

What = Literal["anything", "log", "data", "second part"]
"""Which requests: all; puts of a Delta log entry; puts of a data file; its second part."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, with which requests, how many times (None: always)."""

    kind: Kind
    what: What = "anything"
    times: int | None = 1
    status: int = 503
    seconds: float = 1.0


@dataclass
class Rule:
    """The fault that is in force, and what it has met."""

    fault: Fault | None = None
    left: int | None = 0
    seen: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def put(self, fault: Fault | None) -> None:
        with self.lock:
            self.fault, self.left = fault, fault.times if fault else 0

    def meets(self, method: str, path: str) -> Fault | None:
        with self.lock:
            kinds = kinds_of(method, path)
            self.seen.update(kinds)
            if self.fault is None or self.fault.what not in kinds or self.left == 0:
                return None
            if self.left is not None:
                self.left -= 1
            self.seen["faults"] += 1
            return self.fault

    def arrived_late(self) -> None:
        with self.lock:
            self.seen["late"] += 1


def kinds_of(method: str, path: str) -> set[str]:
    kinds = {"anything"}
    if method == "PUT" and "_delta_log" in path:
        kinds.add("log")
    if method in {"PUT", "POST"} and ".parquet" in path:
        kinds.add("data")
    if "partNumber=2&" in f"{path}&":
        kinds.add("second part")
    return kinds


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream_port: int
    rule: Rule

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.rule.meets(self.command, self.path)
        if fault and fault.kind == "answer":
            self.answer(fault.status, [], b"")
            return
        if fault and fault.kind == "slow":
            time.sleep(fault.seconds)
        self.close_connection = bool(fault and fault.kind in {"cut", "lost"})
        sent = body[: len(body) // 2] if fault and fault.kind == "cut" else body
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=_SECONDS)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(sent)
            if fault and fault.kind == "cut":
                return
            answer = upstream.getresponse()
            said = answer.read()
            if fault and fault.kind == "slow":
                self.rule.arrived_late()
            # Who waited too long for a slow answer has gone.
            with suppress(ConnectionError):
                if not self.close_connection:
                    self.answer(answer.status, answer.getheaders(), said)
        finally:
            upstream.close()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve  # noqa: N815 - names of the base class

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        length = str(len(body))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value if self.command == "HEAD" else length
            elif name.lower() not in {"transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Proxy:
    """The proxy as a test holds it: says what fails next, and asks what was met."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin
        assert process.stdout
        self._stdin: IO[str] = process.stdin
        self._stdout: IO[str] = process.stdout
        self.endpoint = f"http://127.0.0.1:{json.loads(self._stdout.readline())}"

    def fail(self, fault: Fault) -> None:
        """Let these requests fail from now on, and nothing else."""
        self._ask(asdict(fault))

    def clear(self) -> None:
        """Let everything through."""
        self._ask(None)

    def seen(self) -> Counter[str]:
        """Requests by kind, `faults`, and `late`: slow ones that the server has answered."""
        return Counter(self._ask("seen"))

    def _ask(self, said: object) -> dict[str, int]:
        self._stdin.write(json.dumps(said) + "\n")
        self._stdin.flush()
        answer: dict[str, int] = json.loads(self._stdout.readline())
        return answer


@contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """A proxy in front of a local port; it ends when its input does, so with us at the latest."""
    command = [sys.executable, __file__, str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Proxy(process)


def say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    rule = Rule()
    bound = {"upstream_port": int(sys.argv[1]), "rule": rule}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), bound))
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    say(server.server_port)
    for line in sys.stdin:
        said = json.loads(line)
        if said != "seen":
            rule.put(Fault(**said) if said else None)
        say(rule.seen)


if __name__ == "__main__":
    main()
