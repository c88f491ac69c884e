"""The guarded commit on a real store that fails: nothing lost, nothing twice."""

import http.client
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder
from msgspec import Struct

from pixelprose.embedded.testing import FreshBucket
from pixelprose.lake import TableSpec
from pixelprose.objectstore import StoreSettings
from pixelprose.sink.delta import DeltaLakeTable, storage_options
from pixelprose.sink.guarded import GuardedTable
from pixelprose.sink.recent import RecentRows
from pixelprose.sink.row import Row
from pixelprose.sink.table_log import TableLog
from pixelprose.streamkit import Committed, ExitCode, Stop, TopicPartition, Unavailable
from pixelprose.streamkit.testing import MemoryBroker, MemoryLog

pytestmark = pytest.mark.real

AT = TopicPartition("in", 0)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
TRIES = 5


class Note(Struct, frozen=True, kw_only=True):
    ingest_date: date
    ingested_at: datetime
    row_id: str
    text: str


NOTES = TableSpec(
    name="notes",
    row=Note,
    sort_by=("row_id",),
    statistics=("ingested_at", "row_id"),
    looked_up=("row_id",),
)


def row(offset: int, text: str = "") -> Row:
    values = Note(ingest_date=NOW.date(), ingested_at=NOW, row_id=f"r{offset}", text=text)
    return Row(AT, offset, values, row_id=values.row_id)


_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    conditional: bool

    @property
    def puts_log(self) -> bool:
        """A commit: the conditional put of a Delta log entry."""
        return self.method == "PUT" and "_delta_log" in self.path

    @property
    def puts_data(self) -> bool:
        return self.method in {"PUT", "POST"} and ".parquet" in self.path


@dataclass(frozen=True, slots=True)
class Answer:
    """The server never hears of it; the client gets this status."""

    status: int


@dataclass(frozen=True, slots=True)
class Slow:
    """It goes through, late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The server did it, but the client never hears so."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Half of the body arrives, then the connection is gone."""


Fault = Answer | Slow | Lost | Cut


@dataclass
class Faults:
    """What goes wrong: `rule` is asked about every request and returns a fault, or None."""

    endpoint: str = ""
    rule: Callable[[Request], Fault | None] = lambda _: None
    seen: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def once(self, fault: Fault, when: Callable[[Request], bool], *, times: int = 1) -> None:
        """Let the next requests of a kind fail."""
        left = [times]

        def rule(request: Request) -> Fault | None:
            with self._lock:
                if not left[0] or not when(request):
                    return None
                left[0] -= 1
                self.seen[type(fault).__name__] += 1
                return fault

        self.rule = rule

    def always(self, fault: Fault) -> None:
        """Let every request fail."""
        self.rule = lambda _: fault

    def clear(self) -> None:
        """Let everything through."""
        self.rule = lambda _: None


def handler_to(port: int, faults: Faults) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one class
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            conditional = "If-None-Match" in self.headers
            fault = faults.rule(Request(self.command, self.path, conditional))
            match fault:
                case Answer(status):
                    self._answer(status, [], b"")
                    return
                case Slow(seconds):
                    time.sleep(seconds)
            upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
            try:
                upstream.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in self.headers.items():
                    upstream.putheader(name, value)
                if isinstance(fault, Cut):
                    upstream.endheaders(body[: len(body) // 2])
                    self.close_connection = True
                    return
                upstream.endheaders(body)
                answer = upstream.getresponse()
                said = answer.read()
                if isinstance(fault, Lost):
                    self.close_connection = True
                    return
                self._answer(answer.status, answer.getheaders(), said)
            finally:
                upstream.close()

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            length = str(len(body))
            for name, value in headers:
                if name.lower() in {"content-length", "transfer-encoding", "connection"}:
                    length = (
                        value
                        if self.command == "HEAD" and name.lower() == "content-length"
                        else length
                    )
                else:
                    self.send_header(name, value)
            self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    for method in ("GET", "PUT", "POST", "HEAD", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._serve)
    return Handler


@pytest.fixture
def faults(bucket: FreshBucket) -> Iterator[Faults]:
    """A proxy in front of the shared S3 server, which lets everything through at first."""
    made = Faults()
    port = urlsplit(bucket.access.endpoint).port
    assert port is not None
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_to(port, made))
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    made.endpoint = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()


class World:
    def __init__(self, bucket: FreshBucket, faults: Faults) -> None:
        access = bucket.access
        self.store = StoreSettings(
            endpoint=faults.endpoint,
            bucket=bucket.name,
            access_key=access.access_key,
            secret_key=access.secret_key,
        )
        self.uri = f"s3://{bucket.name}/lake/notes"
        self.table = DeltaLakeTable(self.uri, NOTES, storage_options(self.store))
        self.table.create()
        self.endpoint = access.endpoint

    def sink(self) -> GuardedTable:
        # The proxy lives in this process, whose lock a query holds while it waits: no queries here.
        return GuardedTable(self.table, {AT: "app"}, recent=RecentRows(0))

    def ids(self) -> Sequence[str]:
        direct = self.store.model_copy(update={"endpoint": self.endpoint})
        handle = DeltaTable(self.uri, storage_options=dict(storage_options(direct)))
        sql = "select row_id from notes order by row_id"
        found = QueryBuilder().register("notes", handle).execute(sql).read_all()
        return [str(one) for one in pa.table(found).column("row_id").to_pylist()]


@pytest.fixture
def world(bucket: FreshBucket, faults: Faults) -> World:
    return World(bucket, faults)


def bring(sink: GuardedTable, rows: Sequence[Row]) -> None:
    """Bring the same rows until the store took them, as the runner does."""
    last: Unavailable | None = None
    for _ in range(TRIES):
        try:
            sink.append(rows)
        except Unavailable as error:
            last = error
            continue
        return
    raise AssertionError("the store never took them") from last


def data(request: Request) -> bool:
    return request.puts_data


def log(request: Request) -> bool:
    return request.puts_log


def anything(_: Request) -> bool:
    return True


@pytest.mark.parametrize("fault", [Answer(503), Answer(500), Answer(507), Lost(), Cut(), Slow(1.0)])
@pytest.mark.parametrize("when", [data, log], ids=["data", "log"])
def test_a_fault_of_one_request_loses_nothing_and_doubles_nothing(
    world: World, faults: Faults, fault: Fault, when: Callable[[Request], bool]
) -> None:
    sink = world.sink()
    bring(sink, [row(0), row(1)])
    faults.once(fault, when)
    bring(sink, [row(1), row(2)])
    assert faults.seen
    bring(world.sink(), [row(2), row(3)])
    assert world.ids() == ["r0", "r1", "r2", "r3"]


def test_a_refused_conditional_put_is_a_conflict_and_is_done_again(
    world: World, faults: Faults
) -> None:
    faults.once(Answer(412), log, times=2)
    bring(world.sink(), [row(0), row(1)])
    assert faults.seen["Answer"] >= 1
    assert world.ids() == ["r0", "r1"]


def test_a_multipart_upload_that_breaks_off_leaves_nothing_to_be_seen(
    world: World, faults: Faults
) -> None:
    large = [row(number, secrets.token_hex(500_000)) for number in range(40)]
    parts: list[str] = []
    second = Cut()

    def rule(request: Request) -> Fault | None:
        if "partNumber=" in request.path:
            parts.append(request.path)
        return second if "partNumber=2" in request.path else None

    faults.rule = rule
    with pytest.raises(Unavailable):
        world.sink().append(large)
    assert parts, "the file is large enough to be sent in parts"
    assert world.ids() == []
    bring(world.sink(), large)
    assert len(world.ids()) == len(large)


@pytest.mark.parametrize("fault", [Answer(503), Answer(507), Cut()], ids=["busy", "full", "cut"])
def test_a_store_that_stays_away_is_unavailable_and_gets_the_same_rows_later(
    world: World, faults: Faults, fault: Fault
) -> None:
    sink = world.sink()
    bring(sink, [row(0)])
    faults.always(fault)
    with pytest.raises(Unavailable):
        sink.append([row(1)])
    faults.clear()
    bring(sink, [row(1)])
    assert world.ids() == ["r0", "r1"]


def test_the_sink_waits_for_the_store_and_stops_at_the_deadline_with_nothing_committed(
    world: World, faults: Faults
) -> None:
    now = [0.0]
    broker = MemoryBroker()
    inner = MemoryLog(broker)
    inner.subscribe(Nobody())
    table = TableLog(inner, world.sink(), deadline_seconds=60.0, clock=lambda: now[0])
    faults.always(Answer(503))
    assert table.commit([row(0)], (), {AT: Committed(1)}) is False
    now[0] = 61.0
    with pytest.raises(Stop) as stop:
        table.commit([row(0)], (), {AT: Committed(1)})
    assert stop.value.code is ExitCode.UNAVAILABLE
    assert broker.positions[AT] == 0
    faults.clear()
    again = TableLog(inner, world.sink(), deadline_seconds=60.0, clock=lambda: now[0])
    assert again.commit([row(0)], (), {AT: Committed(1)}) is True
    assert broker.positions[AT] == 1
    assert world.ids() == ["r0"]


class Nobody:
    """A member that does not care."""

    def assigned(self, partitions: object) -> None: ...
    def revoked(self, partitions: object) -> None: ...
    def lost(self, partitions: object) -> None: ...
