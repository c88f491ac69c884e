"""A rejected submission is tried again once the site is back, with the real ingester."""

import io
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from pixelprose.cli.app import app
from pixelprose.cli.client_settings import client_settings
from pixelprose.cli.ends import Ends
from pixelprose.cli.outcomes import OutcomeReader
from pixelprose.cli.redrive.reading import read, spans
from pixelprose.cli.supervisor import Command, Supervisor
from pixelprose.cli.topics_init import run_topics_init
from pixelprose.embedded import EmbeddedKafka
from pixelprose.embedded.testing import FreshBucket
from pixelprose.records import ImageFetched, Registry, Wire, topic_of

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

DEADLINE_SECONDS = 120.0
PATHS = ("/picture.jpg", "/text.jpg")


class Site:
    """A site that is down until `back`; then one path has a picture, and the other has none."""

    def __init__(self) -> None:
        self.back = False
        buffer = io.BytesIO()
        Image.effect_noise((320, 320), 64).convert("RGB").save(buffer, "JPEG")
        self.bodies = {PATHS[0]: buffer.getvalue(), PATHS[1]: b"only words"}

    def handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = site.bodies.get(self.path, b"") if site.back else b""
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Answer


@pytest.fixture
def site() -> Iterator[tuple[Site, str]]:
    made = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), made.handler())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def config(
    kafka: EmbeddedKafka, topic_prefix: str, bucket: FreshBucket, tmp_path: Path
) -> Iterator[Path]:
    """A running ingester, and the file that configures it and the command line."""
    file = tmp_path / "pixelprose.yaml"
    access = bucket.access
    document = {
        "kafka": {"bootstrap_servers": kafka.bootstrap_servers, "topic_prefix": topic_prefix},
        "store": {
            "endpoint": access.endpoint,
            "bucket": bucket.name,
            "access_key": access.access_key,
            "secret_key": access.secret_key.get_secret_value(),
        },
        "ingester": {"guard": {"allowed_networks": ["127.0.0.0/8"], "allowed_ports": "any"}},
    }
    file.write_text(yaml.safe_dump(document))
    run_topics_init(file, 2, 1, Console(quiet=True))
    argv = [sys.executable, "-m", "pixelprose.ingester", "--config", str(file)]
    log = tmp_path / "ingester.log"
    with Supervisor() as supervisor:
        env = {"PIXELPROSE_HTTP__PORT": "0"}
        supervisor.start(Command("ingester", (*argv, "--until-stdin-closes"), env, log))
        yield file


def run(config: Path, *arguments: str) -> str:
    said = CliRunner().invoke(app, [*arguments, "--config", str(config)])
    assert said.exit_code == 0, (said.output, said.exception)
    return said.output


def ends(config: Path) -> Ends:
    settings = client_settings(config)
    reader = OutcomeReader(settings.kafka, settings.registry)
    try:
        reader.read(seconds=2)
    finally:
        reader.close()
    return reader.outcomes.ends


def until_rejected(config: Path, expected: dict[str, int]) -> Ends:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := ends(config)).reasons("rejected") != expected:
        assert time.monotonic() < deadline, found
    return found


def fetched(config: Path) -> list[ImageFetched]:
    settings = client_settings(config)
    wire = Wire(ImageFetched, Registry(settings.registry))
    whole = spans(settings.kafka, frozenset({topic_of(ImageFetched)}))
    return [wire.decode(message.value) for message in read(settings.kafka, whole)]


def until_fetched(config: Path) -> ImageFetched:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := fetched(config)):
        assert time.monotonic() < deadline
    (one,) = found
    return one


def test_a_submission_that_met_a_dead_site_is_fetched_when_it_is_tried_again(
    config: Path, site: tuple[Site, str]
) -> None:
    made, address = site
    run(config, "submit", *(address + path for path in PATHS))
    first = until_rejected(config, {"http_not_found": 2})
    made.back = True
    retry = ("retry", "--reason", "http_not_found,timeout", "--yes")
    assert "2 put back to be tried again" in run(config, *retry)
    assert "nothing to do" in run(config, *retry)

    one = until_fetched(config)
    assert one.submission.url == address + PATHS[0]
    assert (one.submission.submission_id, one.submission.attempt) in {
        (submission, 1) for submission in first.submissions()
    }

    # The other ended anew, and counts by that; the one that was fetched still goes its way.
    last = until_rejected(config, {"not_an_image": 1, "http_not_found": 1})
    assert last.submissions() == first.submissions()
    assert len(last.by_try) == 3
    assert last.twice() == []
    assert "nothing to do" in run(config, *retry)
