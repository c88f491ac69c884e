import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from yarl import URL

from pixelprose.ingester.manners import (
    TDMREP_JSON,
    OriginFiles,
    load_policy,
    origin_files,
    robots_txt,
)
from pixelprose.ingester.manners.origin_files import Known
from pixelprose.ingester.manners.robots import Robots
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Reason, Refusal
from pixelprose.ingester.testing import FakeWeb
from pixelprose.objectstore import MemoryStore, ObjectKey, StoreRefused, StoreUnavailable
from pixelprose.streamkit import Stop, Unavailable

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
URL_A = URL("http://example.com/a.jpg")
SHUT = b"User-agent: *\nDisallow: /\n"
OPEN = b"User-agent: *\nAllow: /\n"


@dataclass
class Scene:
    threads: ThreadPoolExecutor
    web: FakeWeb = field(default_factory=lambda: FakeWeb(otherwise=OPEN))
    time: datetime = NOON
    counted: list[str] = field(default_factory=list)
    trips: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = MemoryStore(now=lambda: self.time)
        self.files = self.replica()

    def replica(self) -> OriginFiles[Robots]:
        return OriginFiles(
            robots_txt(load_policy("consent"), token="PixelProseStream"),
            self.store,
            self.threads,
            self.web.fetch,
            now=lambda: self.time,
            count=self.counted.append,
            trip=self.trips.append,
        )

    def ask(
        self, url: URL = URL_A, *, files: OriginFiles[Robots] | None = None
    ) -> Known[Robots] | Refusal | PutOff:
        return asyncio.run((files or self.files).of(url))

    def open(self) -> bool:
        """Whether the image may be asked for now."""
        known = self.ask()
        assert isinstance(known, Known)
        return known.rules is not None and known.rules.refuses(str(URL_A)) is None


@pytest.fixture
def scene() -> Iterator[Scene]:
    with ThreadPoolExecutor(4) as threads:
        yield Scene(threads)


def refused(reason: Reason) -> Refusal:
    return Refusal(reason, "")


def test_an_origin_is_asked_once_and_a_replica_reads_what_another_was_told(scene: Scene) -> None:
    scene.ask()
    scene.ask(URL("http://example.com/b/c?d"))
    other = scene.replica()
    scene.ask(files=other)
    scene.ask(files=other)
    assert scene.web.asked == ["http://example.com/robots.txt"]
    assert scene.counted == ["web", "memory", "store", "memory"]


def test_scheme_host_and_port_make_an_origin(scene: Scene) -> None:
    for url in ("http://example.com/", "https://example.com/", "http://www.example.com:8080/"):
        scene.ask(URL(url))
    assert scene.web.asked == [
        "http://example.com/robots.txt",
        "https://example.com/robots.txt",
        "http://www.example.com:8080/robots.txt",
    ]


def test_many_that_need_it_at_once_ask_once(scene: Scene) -> None:
    async def together() -> None:
        await asyncio.gather(*(scene.files.of(URL_A) for _ in range(20)))

    asyncio.run(together())
    assert len(scene.web.asked) == 1


def test_a_copy_counts_for_a_day(scene: Scene) -> None:
    assert scene.open()
    scene.web.otherwise = SHUT
    scene.time += timedelta(hours=23, minutes=59)
    assert scene.open()
    scene.time += timedelta(minutes=1)
    assert not scene.open()
    assert len(scene.web.asked) == 2


@pytest.mark.parametrize(
    "reason", ["http_not_found", "http_forbidden", "http_client_error", "too_many_redirects"]
)
def test_no_robots_txt_is_no_rule_and_that_is_remembered_too(scene: Scene, reason: Reason) -> None:
    scene.web.otherwise = refused(reason)
    assert scene.open()
    assert scene.open()
    assert len(scene.web.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        refused("http_server_error"),
        PutOff(refused("http_server_error"), 9),
        PutOff(refused("http_rate_limited"), 9),
    ],
)
def test_an_unreachable_robots_txt_shuts_everything_for_a_while(
    scene: Scene, answer: Refusal | PutOff
) -> None:
    scene.web.otherwise = answer
    assert not scene.open()
    scene.web.otherwise = OPEN
    scene.time += timedelta(minutes=9)
    assert not scene.open()
    assert len(scene.web.asked) == 1
    scene.time += timedelta(minutes=1)
    assert scene.open()


def test_an_old_copy_stands_in_for_an_unreachable_one_for_a_month(scene: Scene) -> None:
    assert scene.open()
    scene.web.otherwise = refused("http_server_error")
    for _ in range(30):
        scene.time += timedelta(days=1)
        assert scene.open()
    scene.time += timedelta(days=1)
    assert not scene.open()


@pytest.mark.parametrize("reason", ["dns_failed", "forbidden_address", "tls_failed"])
def test_what_would_also_keep_us_from_the_image_is_its_end(scene: Scene, reason: Reason) -> None:
    scene.web.otherwise = refused(reason)
    assert scene.ask() == Refusal(reason, "robots.txt: ")
    assert list(scene.store.list("")) == []


@pytest.mark.parametrize("reason", ["timeout", "connect_failed", "host_busy", "host_backing_off"])
def test_a_wait_for_robots_txt_is_a_wait_for_the_image(scene: Scene, reason: Reason) -> None:
    scene.web.otherwise = PutOff(refused(reason), 7)
    assert scene.ask() == PutOff(Refusal(reason, "robots.txt: "), 7)
    scene.web.otherwise = OPEN
    assert scene.open()


def test_what_lies_in_the_store_and_is_no_copy_is_fetched_anew(scene: Scene) -> None:
    scene.ask()
    (key,) = scene.store.list("robots/")
    for data in (b"", b"{}", b'{"origin": 1}', b"\xff"):
        scene.store.put(ObjectKey(key), data, content_type="x")
        scene.ask(files=scene.replica())
    assert len(scene.web.asked) == 5


def test_memory_is_bounded_and_what_fell_out_is_in_the_store(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin_files, "MEMORY_BYTES", 10_000)
    for n in range(20):
        scene.ask(URL(f"http://example{n}.com/"))
    assert len(scene.files._memory) == 4
    scene.ask(URL("http://example0.com/"))
    assert scene.counted[-1] == "store"


def test_a_long_one_is_read_as_well(scene: Scene) -> None:
    scene.web.otherwise = b"#" * 300_000 + b"\n" + SHUT
    assert not scene.open()


def test_a_store_that_is_away_is_no_records_fault(scene: Scene) -> None:
    scene.store.fail_next("get", StoreUnavailable("gone"))
    with pytest.raises(Unavailable, match="store"):
        scene.ask()
    scene.store.fail_next("put", StoreRefused("no"))
    with pytest.raises(Stop, match="refuses"):
        scene.ask()
    assert scene.open()


@pytest.mark.parametrize(
    ("reason", "reachable"),
    [
        *(("http_not_found", True), ("http_forbidden", True), ("forbidden_address", True)),
        *(("http_server_error", False), ("timeout", False), ("connect_failed", False)),
    ],
)
def test_a_tdm_file_that_cannot_be_had_keeps_nobody_from_an_image(
    scene: Scene, reason: Reason, *, reachable: bool
) -> None:
    files = OriginFiles(TDMREP_JSON, scene.store, scene.threads, scene.web.fetch, now=lambda: NOON)
    scene.web.otherwise = refused(reason)
    known = asyncio.run(files.of(URL_A))
    assert isinstance(known, Known)
    assert known.file.reachable == reachable
    assert scene.web.asked == ["http://example.com/.well-known/tdmrep.json"]
    assert [key.partition("/")[0] for key in scene.store.list("")] == ["tdmrep"]


def test_a_wait_for_a_turn_is_a_wait_for_a_tdm_file_too(scene: Scene) -> None:
    files = OriginFiles(TDMREP_JSON, scene.store, scene.threads, scene.web.fetch, now=lambda: NOON)
    scene.web.otherwise = PutOff(refused("host_busy"), 7)
    assert asyncio.run(files.of(URL_A)) == PutOff(Refusal("host_busy", "tdmrep.json: "), 7)
    assert list(scene.store.list("")) == []


def test_looks_into_the_store_and_copies_there_are_counted_by_file(scene: Scene) -> None:
    scene.ask()
    scene.ask()
    scene.ask(files=scene.replica())
    assert scene.trips == ["get_robots", "put_robots", "get_robots"]
    trips: list[str] = []
    files = OriginFiles(
        TDMREP_JSON,
        scene.store,
        scene.threads,
        scene.web.fetch,
        now=lambda: NOON,
        trip=trips.append,
    )
    asyncio.run(files.of(URL_A))
    assert trips == ["get_tdm_file", "put_tdm_file"]
