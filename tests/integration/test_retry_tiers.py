"""The whole ingester on a real broker and store: what a host denies at first ends once, later."""

import io
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from rich.console import Console

from pixelprose.cli import submit_command
from pixelprose.cli.ends import TopicReader
from pixelprose.cli.submit_command import run_submit
from pixelprose.cli.submit_options import SubmitOptions
from pixelprose.embedded import EmbeddedKafka
from pixelprose.embedded.testing import FreshBucket
from pixelprose.ingester.app import build
from pixelprose.ingester.settings import IngesterSettings
from pixelprose.records import topic_list
from pixelprose.records.headers import Header
from pixelprose.records.topic_admin import initialise
from pixelprose.streamkit import Metrics

pytestmark = pytest.mark.real

SECONDS = 60.0
TIERS = ("1s", "2s", "3s", "4s")


def picture(shade: int) -> bytes:
    data = io.BytesIO()
    Image.linear_gradient("L").point(lambda value: (value + shade) % 256).save(data, "PNG")
    return data.getvalue()


@dataclass
class AngrySite:
    """Denies each path as often as its first number says, with the status behind it."""

    asked: Counter[str] = field(default_factory=Counter)
    port: int = 0

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.asked[path] += 1
        if path in {"/robots.txt", "/.well-known/tdmrep.json"}:
            return 404, {}, b""
        _, denials, status, shade = path.removesuffix(".png").split("/")
        if self.asked[path] <= int(denials):
            return int(status), {"Retry-After": "0"}, b""
        return 200, {}, picture(int(shade))


@contextmanager
def serving(site: AngrySite) -> Iterator[AngrySite]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = site.answer(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as the class has it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def settings(
    kafka: EmbeddedKafka,
    bucket: FreshBucket,
    topic_prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> IngesterSettings:
    tiers: Any = topic_list().retries.tiers
    for name in list(tiers):
        monkeypatch.delitem(tiers, name)
    for name in TIERS:
        monkeypatch.setitem(tiers, name, int(name[0]))
    monkeypatch.setattr(submit_command, "STATE", tmp_path / "state")
    fast = {"per_domain": {"requests_per_second": 1_000}}
    document = {
        "kafka": {"bootstrap_servers": kafka.bootstrap_servers, "topic_prefix": topic_prefix},
        "store": {
            "endpoint": bucket.access.endpoint,
            "bucket": bucket.name,
            "access_key": bucket.access.access_key,
            "secret_key": bucket.access.secret_key,
        },
        "ingester": {
            "guard": {"allowed_networks": ["127.0.0.0/8"]},
            "decode": {"workers": 1},
            "manners": fast,
        },
    }
    (tmp_path / "pixelprose.yaml").write_text(yaml.safe_dump({"kafka": document["kafka"]}))
    made = IngesterSettings.model_validate(document)
    initialise(made.kafka, instance=made.instance, partitions=2, replication=1)
    return made


@contextmanager
def running(settings: IngesterSettings) -> Iterator[None]:
    service = build(settings, Metrics())
    (runner,) = service.runners
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield
    finally:
        runner.stop()
        thread.join(SECONDS)
        service.close()


def ends(settings: IngesterSettings, *, count: int) -> dict[str, list[str]]:
    """Where the submissions ended, by the topic's short name, once there are `count` of them."""
    topics = ("fetched", "rejected")
    names = {settings.kafka.physical(f"pixelprose.images.{name}.v1"): name for name in topics}
    deadline = time.monotonic() + SECONDS
    while True:
        found = defaultdict(list)
        reader = TopicReader(settings.kafka.client(), names)
        for message in reader.read(seconds=5):
            who = dict(message.headers() or ())[Header.SUBMISSION.value]
            assert isinstance(who, bytes)
            found[names[message.topic() or ""]].append(who.decode())
        reader.close()
        if sum(map(len, found.values())) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def test_what_a_host_denies_at_first_ends_once_by_its_retry_tier(
    settings: IngesterSettings, tmp_path: Path
) -> None:
    with serving(AngrySite()) as site, running(settings):
        paths = ["/1/429/1.png", "/1/503/2.png", "/9/429/3.png", "/0/200/4.png"]
        for path in paths:
            url = f"http://127.0.0.1:{site.port}{path}"
            options = SubmitOptions(source="t")
            run_submit([url], tmp_path / "pixelprose.yaml", options, Console(quiet=True))
        found = ends(settings, count=len(paths))
        everything = [who for where in found.values() for who in where]
        assert len(everything) == len(set(everything)) == len(paths)
        assert len(found["fetched"]) == 3
        assert len(found["rejected"]) == 1
        assert 1 < site.asked[paths[2]] <= 1 + len(TIERS)
        assert site.asked["/robots.txt"] == site.asked["/.well-known/tdmrep.json"] == 1
