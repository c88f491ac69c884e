"""Which way a submission goes, and that nothing goes a way that is not meant for it."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from pixelprose.ingester.fetch import Fetched
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.sources import Origin, Origins, canonical, named
from pixelprose.ingester.sources.body import Body
from pixelprose.ingester.url import CanonicalUrl
from pixelprose.records import image_id
from pixelprose.records.source_uri import SourceUri
from pixelprose.streamkit import Unavailable

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Source:
    """Gives one body; `gate` holds it back."""

    end: Body | Refusal | Exception
    gate: threading.Event | None = None
    asked: list[str] = field(default_factory=list)
    seconds_left: float = 0.0

    def read(self, uri: SourceUri, *, deadline: float) -> Body | Refusal:
        self.seconds_left = deadline - time.monotonic()
        self.asked.append(str(uri))
        if self.gate is not None:
            self.gate.wait(30)
        if isinstance(self.end, Exception):
            raise self.end
        return self.end


def fetch(text: str, *, files: Source, objects: Source, seconds: float = 5.0) -> Fetched | Refusal:
    origin = canonical(text)
    if isinstance(origin, Refusal):
        return origin

    async def web(url: CanonicalUrl) -> Fetched | Refusal:
        return Refusal("http_not_found", f"the web was asked for {url}")

    async def run(origin: Origin) -> Fetched | Refusal:
        return await origins.fetch(origin)

    with ThreadPoolExecutor(2) as threads:
        origins = Origins(
            web=web,
            files=files,
            objects=objects,
            threads=threads,
            total_seconds=seconds,
            now=lambda: NOW,
        )
        try:
            return asyncio.run(run(origin))
        finally:
            for source in (files, objects):
                if source.gate is not None:
                    source.gate.set()


@pytest.fixture
def files() -> Source:
    return Source(Body(b"file", version="4-1", modified=None))


@pytest.fixture
def objects() -> Source:
    return Source(Body(b"object", version="tag", modified=NOW))


def test_each_scheme_has_its_reader(files: Source, objects: Source) -> None:
    for text, data in (("file:///a.jpg", b"file"), ("S3://bucket/a.jpg", b"object")):
        end = fetch(text, files=files, objects=objects)
        assert isinstance(end, Fetched)
        assert end.body == data
        assert end.facts.status == 0
        assert end.facts.final_url == named(text)
    assert (files.asked, objects.asked) == (["file:///a.jpg"], ["s3://bucket/a.jpg"])


def test_a_source_is_told_until_when(files: Source, objects: Source) -> None:
    fetch("file:///a.jpg", files=files, objects=objects, seconds=1_000)
    assert 900 < files.seconds_left <= 1_000


def test_a_url_goes_to_the_web_alone(files: Source, objects: Source) -> None:
    end = fetch("http://a.example/file:///etc/passwd", files=files, objects=objects)
    assert isinstance(end, Refusal)
    assert end.reason == "http_not_found"
    assert files.asked == objects.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "file:///allowed/../secret",
        "file:///allowed/%2e%2e/secret",
        "file:///allowed/%2E%2E%2Fsecret",
        "file:///allowed/..%5csecret/%00",
        "file://etc/passwd",
        "file:/etc/passwd",
        "file:etc/passwd",
        "s3://bucket/in/../secret",
        "s3://bucket.evil:9000/in",
        "ftp://a.example/x",
        "gopher://a.example/x",
        "data:image/png;base64,AAAA",
        "unix:///run/x",
        "jar:file:///x",
    ],
)
def test_tricks_and_other_schemes_are_bad_urls_and_nobody_is_asked(
    text: str, files: Source, objects: Source
) -> None:
    end = fetch(text, files=files, objects=objects)
    assert isinstance(end, Refusal)
    assert end.reason == "bad_url"
    assert files.asked == objects.asked == []


def test_a_refusal_is_passed_on(objects: Source) -> None:
    files = Source(Refusal("forbidden_source", "no"))
    assert fetch("file:///a", files=files, objects=objects) == files.end


def test_a_fault_of_the_machine_is_no_records_fault(objects: Source) -> None:
    files = Source(Unavailable("source files", "EIO"))
    with pytest.raises(Unavailable):
        fetch("file:///a", files=files, objects=objects)


def test_a_disk_that_hangs_costs_one_record(objects: Source) -> None:
    files = Source(Body(b"", version="", modified=None), gate=threading.Event())
    end = fetch("file:///a", files=files, objects=objects, seconds=0.05)
    assert isinstance(end, Refusal)
    assert end.reason == "timeout"


def test_the_canonical_uri_is_the_identity() -> None:
    assert image_id(named("FILE:///a%2Db.jpg")) == image_id(named("file:///a-b.jpg"))
    assert named("not a URL") == "not a URL"
