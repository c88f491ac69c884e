"""The guarded commit on a real store that fails: nothing lost, nothing twice."""

import resource
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError
from msgspec import Struct

from chaos.failing_proxy import Fault, Proxy, What, proxy_to
from pixelprose.embedded import EmbeddedS3
from pixelprose.embedded.testing import FreshBucket
from pixelprose.lake import TableSpec
from pixelprose.objectstore import StoreSettings, open_store
from pixelprose.sink.datafile import into_store
from pixelprose.sink.delta import DeltaLakeTable, storage_options, table_in
from pixelprose.sink.files import writer_properties
from pixelprose.sink.guarded import GuardedTable
from pixelprose.sink.reading import as_they_are
from pixelprose.sink.row import Row
from pixelprose.sink.table_log import TableLog
from pixelprose.streamkit import Committed, ExitCode, Stop, TopicPartition, Unavailable
from pixelprose.streamkit.testing import MemoryBroker, MemoryLog

pytestmark = pytest.mark.real

AT = TopicPartition("in", 0)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
TRIES = 5
ROOM_BYTES = 20_000
PATIENCE_SECONDS = 30.0


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


@pytest.fixture
def proxy(bucket: FreshBucket) -> Iterator[Proxy]:
    """A proxy in front of the shared S3 server, which lets everything through at first."""
    port = urlsplit(bucket.access.endpoint).port
    assert port is not None
    with proxy_to(port) as made:
        yield made


class World:
    def __init__(self, bucket: FreshBucket, proxy: Proxy) -> None:
        access = bucket.access
        self.store = StoreSettings(
            endpoint=proxy.endpoint,
            bucket=bucket.name,
            access_key=access.access_key,
            secret_key=access.secret_key,
        )
        self.files = open_store(self.store)
        self.table = table_in(self.files, self.store, NOTES)
        self.table.create()
        self.endpoint = access.endpoint

    def hurry(self) -> None:
        """Give up a request after a second."""
        self.files.close()
        self.files = open_store(self.store.model_copy(update={"read_timeout_seconds": 1.0}))
        options = {**storage_options(self.store), "timeout": "1s"}
        put = into_store(self.files, f"lake/{NOTES.name}")
        self.table = DeltaLakeTable(self.table.uri, NOTES, options, put)

    def sink(self) -> GuardedTable:
        return GuardedTable(self.table, {AT: "app"})

    def ids(self) -> Sequence[str]:
        direct = self.store.model_copy(update={"endpoint": self.endpoint})
        handle = DeltaTable(self.table.uri, storage_options=dict(storage_options(direct)))
        sql = "select row_id from notes order by row_id"
        found = QueryBuilder().register("notes", handle).execute(sql).read_all()
        return [str(one) for one in pa.table(found).column("row_id").to_pylist()]


@pytest.fixture
def world(bucket: FreshBucket, proxy: Proxy) -> Iterator[World]:
    made = World(bucket, proxy)
    yield made
    made.files.close()


class Disk:
    """The disk of the store, as its process has it: full behind the first bytes of a file.

    The system refuses the write itself (EFBIG, as it would with ENOSPC), when a part is there.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, self._limits[1]))

    def free(self) -> None:
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, self._limits)


@pytest.fixture
def disk(s3: EmbeddedS3) -> Iterator[Disk]:
    """The disk of the shared S3 server; it has room again after the test."""
    found = Disk(s3.process.pid)
    yield found
    found.free()


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


STATUS = [Fault("answer", status=status) for status in (503, 500, 507)]
OTHERS = [Fault("lost"), Fault("cut"), Fault("slow", seconds=0.2)]
AWAY = [
    Fault("answer", times=None),
    Fault("answer", times=None, status=507),
    Fault("cut", times=None),
]


@pytest.mark.parametrize("fault", [*STATUS, *OTHERS], ids=lambda one: f"{one.kind}-{one.status}")
@pytest.mark.parametrize("what", ["data", "log"])
def test_a_fault_of_one_request_loses_nothing_and_doubles_nothing(
    world: World, proxy: Proxy, fault: Fault, what: What
) -> None:
    sink = world.sink()
    bring(sink, [row(0), row(1)])
    proxy.fail(replace(fault, what=what))
    bring(sink, [row(1), row(2)])
    assert proxy.seen()["faults"] == 1
    bring(world.sink(), [row(2), row(3)])
    assert world.ids() == ["r0", "r1", "r2", "r3"]


@pytest.mark.parametrize("what", ["data", "log"])
def test_a_request_that_times_out_and_arrives_late_loses_nothing_and_doubles_nothing(
    world: World, proxy: Proxy, what: What
) -> None:
    world.hurry()
    sink = world.sink()
    bring(sink, [row(0), row(1)])
    asked = proxy.seen()[what]
    proxy.fail(Fault("slow", what, seconds=3.0))
    bring(sink, [row(1), row(2)])
    assert proxy.seen()[what] > asked + 1, "it timed out, and was asked again"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not proxy.seen()["late"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert world.ids() == ["r0", "r1", "r2"]
    bring(world.sink(), [row(2), row(3)])
    assert world.ids() == ["r0", "r1", "r2", "r3"]


def test_a_refused_conditional_put_is_a_conflict_and_is_done_again(
    world: World, proxy: Proxy
) -> None:
    proxy.fail(Fault("answer", "log", times=2, status=412))
    bring(world.sink(), [row(0), row(1)])
    assert proxy.seen()["faults"] == 2
    assert world.ids() == ["r0", "r1"]


def test_an_upload_that_breaks_off_leaves_nothing_to_be_seen(world: World, proxy: Proxy) -> None:
    large = notes_of_a_megabyte(40)
    proxy.fail(Fault("cut", "data", times=None))
    with pytest.raises(Unavailable):
        world.sink().append(large)
    assert proxy.seen()["faults"]
    assert world.ids() == []
    proxy.clear()
    bring(world.sink(), large)
    assert len(world.ids()) == len(large)
    assert not proxy.seen()["second part"], "no half of an upload waits for the rest"


def test_a_compaction_whose_multipart_upload_breaks_off_changes_nothing(
    world: World, proxy: Proxy
) -> None:
    large = notes_of_a_megabyte(20)
    bring(world.sink(), large[:10])
    bring(world.sink(), large[10:])
    proxy.fail(Fault("cut", "second part", times=None))
    handle = DeltaTable(world.table.uri, storage_options=dict(storage_options(world.store)))
    with pytest.raises((DeltaError, OSError)):
        handle.optimize.compact(writer_properties=writer_properties(NOTES))
    assert proxy.seen()["faults"], "the file is large enough to be sent in parts"
    assert len(world.ids()) == len(large)


def notes_of_a_megabyte(count: int) -> Sequence[Row]:
    return [row(number, secrets.token_hex(500_000)) for number in range(count)]


@pytest.mark.parametrize("fault", AWAY, ids=lambda one: f"{one.kind}-{one.status}")
def test_a_store_that_stays_away_is_unavailable_and_gets_the_same_rows_later(
    world: World, proxy: Proxy, fault: Fault
) -> None:
    sink = world.sink()
    bring(sink, [row(0)])
    proxy.fail(fault)
    with pytest.raises(Unavailable):
        sink.append([row(1)])
    proxy.clear()
    bring(sink, [row(1)])
    assert world.ids() == ["r0", "r1"]


def test_the_sink_waits_for_the_store_and_stops_at_the_deadline_with_nothing_committed(
    world: World, proxy: Proxy
) -> None:
    assert_it_waits_stops_and_resumes(world, lambda: proxy.fail(AWAY[0]), proxy.clear)


def test_the_sink_waits_for_room_on_a_disk_that_is_full_in_the_middle_of_a_file(
    world: World, disk: Disk
) -> None:
    assert_it_waits_stops_and_resumes(world, disk.fill, disk.free)


def assert_it_waits_stops_and_resumes(
    world: World, fail: Callable[[], None], mend: Callable[[], None]
) -> None:
    rows = [row(0, secrets.token_hex(2 * ROOM_BYTES))]
    now = [0.0]
    broker = MemoryBroker()
    inner = MemoryLog(broker)
    inner.subscribe(Nobody())
    inner.poll(0.0)
    table = TableLog(
        inner, world.sink(), reading=as_they_are, deadline_seconds=60.0, clock=lambda: now[0]
    )
    fail()
    assert table.commit(rows, (), {AT: Committed(1)}) is False
    now[0] = 61.0
    with pytest.raises(Stop) as stop:
        table.commit(rows, (), {AT: Committed(1)})
    assert stop.value.code is ExitCode.UNAVAILABLE
    assert broker.positions[AT] == 0
    assert world.ids() == []
    mend()
    again = TableLog(
        inner, world.sink(), reading=as_they_are, deadline_seconds=60.0, clock=lambda: now[0]
    )
    assert again.commit(rows, (), {AT: Committed(1)}) is True
    assert broker.positions[AT] == 1
    assert world.ids() == ["r0"]


class Nobody:
    """A member that does not care."""

    def assigned(self, partitions: object) -> None: ...
    def revoked(self, partitions: object) -> None: ...
    def lost(self, partitions: object) -> None: ...
