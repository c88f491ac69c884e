"""Three ingester processes on one domain: all work, and they ask it no more than one may."""

import io
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from pixelprose.cli import submit_command
from pixelprose.cli.submit_command import run_submit
from pixelprose.cli.submit_options import SubmitOptions
from pixelprose.cli.supervisor import Command, Supervisor
from pixelprose.embedded import EmbeddedKafka
from pixelprose.embedded.testing import FreshBucket
from pixelprose.ingester.settings import IngesterSettings
from pixelprose.records.topic_admin import initialise

pytestmark = pytest.mark.real

REPLICAS = 3
PARTITIONS = 6
IMAGES = 36
PATIENCE_SECONDS = 180.0
ONE, MANY = "127.0.0.1", "127.0.0.2"
"""Two domains: all together may ask the first what one replica may; the other is free."""

RATE, WINDOW_SECONDS = 4.0, 3.0
BOUNDS = {
    ONE: {"requests_per_second": RATE, "concurrency": REPLICAS},
    MANY: {"requests_per_second": 1_000, "concurrency": 12},
}


def picture(shade: int) -> bytes:
    data = io.BytesIO()
    Image.linear_gradient("L").point(lambda value: (value + shade) % 256).save(data, "PNG")
    return data.getvalue()


@dataclass
class Site:
    """Keeps every request until more are inside than may be, or for `patience_seconds`."""

    address: str
    patience_seconds: float
    port: int = 0
    inside: int = 0
    most: int = 0
    began: list[float] = field(default_factory=list)
    crowd: threading.Condition = field(default_factory=threading.Condition)

    def answer(self, path: str) -> bytes | None:
        with self.crowd:
            self.began.append(time.monotonic())
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.crowd.notify_all()
            self.crowd.wait_for(lambda: self.most > REPLICAS, self.patience_seconds)
            self.inside -= 1  # before the answer: who has it may ask again at once
        name = path.strip("/")
        return picture(int(name)) if name.isdigit() else None

    def busiest_window(self) -> int:
        """The most requests that began within one window."""
        return max(sum(0 <= b - a <= WINDOW_SECONDS for b in self.began) for a in self.began)


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = site.answer(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as the class has it
            pass

    with ThreadingHTTPServer((site.address, 0), Handler) as server:
        site.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def config(
    kafka: EmbeddedKafka,
    bucket: FreshBucket,
    topic_prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    monkeypatch.setattr(submit_command, "STATE", tmp_path / "state")
    document = {
        "kafka": {"bootstrap_servers": kafka.bootstrap_servers, "topic_prefix": topic_prefix},
        "store": {
            "endpoint": bucket.access.endpoint,
            "bucket": bucket.name,
            "access_key": bucket.access.access_key,
            "secret_key": bucket.access.secret_key.get_secret_value(),
        },
        "ingester": {
            "concurrency": 400,
            "guard": {"allowed_networks": ["127.0.0.0/8"]},
            "limits": {"total_seconds": 120, "first_byte_seconds": 120},
            "decode": {"workers": 1},
            "manners": {"domains": BOUNDS, "longest_wait_seconds": PATIENCE_SECONDS},
        },
    }
    path = tmp_path / "pixelprose.yaml"
    path.write_text(yaml.safe_dump(document))
    made = IngesterSettings.model_validate(document)
    initialise(made.kafka, instance=made.instance, partitions=PARTITIONS, replication=1)
    return path


@dataclass
class Replica:
    """One process, as its metrics show it."""

    port: int

    def count(self, name: str) -> float:
        """The sum of a metric over its labels; 0 while there is no answer."""
        try:
            address = f"http://127.0.0.1:{self.port}/metrics"
            with urllib.request.urlopen(address, timeout=5) as answer:
                families = text_string_to_metric_families(answer.read().decode())
        except OSError:
            return 0.0
        return sum(s.value for family in families for s in family.samples if s.name == name)


@contextmanager
def replicas(config: Path) -> Iterator[list[Replica]]:
    """Three processes that each own their part of the topics."""
    ports = [free_port() for _ in range(REPLICAS)]
    found = [Replica(port) for port in ports]
    with Supervisor() as supervisor:
        for slot, port in enumerate(ports):
            argv = (sys.executable, "-m", "pixelprose.ingester", "--config", str(config))
            env = {"PIXELPROSE_SLOT": str(slot), "PIXELPROSE_HTTP__PORT": str(port)}
            name = f"ingester-{slot}"
            command = Command(
                name, (*argv, "--until-stdin-closes"), env, config.parent / f"{name}.log"
            )
            supervisor.start(command)
        assigned = "pixelprose_assigned_partitions"
        until(lambda: all(one.count(assigned) for one in found), supervisor)
        yield found


def free_port() -> int:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as probe:
        return int(probe.server_address[1])


def until(true: Any, supervisor: Supervisor | None = None) -> None:  # noqa: ANN401 - any question
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        if supervisor is not None:
            supervisor.check()
        time.sleep(0.2)


def test_three_replicas_together_ask_a_domain_no_more_than_one_may(
    config: Path, tmp_path: Path
) -> None:
    one, many = Site(ONE, patience_seconds=0.1), Site(MANY, patience_seconds=60.0)
    with ExitStack() as sites, replicas(config) as fleet:
        for site in (one, many):
            sites.enter_context(serving(site))
            listed = tmp_path / f"{site.address}.txt"
            urls = (f"http://{site.address}:{site.port}/{n}" for n in range(IMAGES))
            listed.write_text("\n".join(urls))
            run_submit([str(listed)], config, SubmitOptions(source="t"), Console(quiet=True))
        fetches = "pixelprose_ingester_fetches_total"
        until(lambda: sum(replica.count(fetches) for replica in fleet) >= 2 * IMAGES)
        counts = [(r.count("pixelprose_assigned_partitions"), r.count(fetches)) for r in fleet]
        assert all(fetched for _, fetched in counts), counts
    # Where more may be inside, more are: the first site would have seen them.
    assert many.most > REPLICAS
    assert one.most <= REPLICAS
    # By right RATE x t + REPLICAS, and those of its files; three that knew nothing of each other
    # would have asked three times as often.
    assert one.busiest_window() <= 2 * (RATE * WINDOW_SECONDS + REPLICAS)
