"""Images that people have, from `pixelprose submit` through the real ingester, on real servers."""

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from minio import Minio
from PIL import Image
from rich.console import Console

from pixelprose.cli import submit_command
from pixelprose.cli.client_settings import client_settings
from pixelprose.cli.ends import TopicReader
from pixelprose.cli.report import Report
from pixelprose.cli.rows import Columns
from pixelprose.cli.submit_command import run_submit
from pixelprose.cli.submit_options import SubmitOptions
from pixelprose.cli.topics_init import run_topics_init
from pixelprose.embedded.testing import FreshBucket, RunningStack
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import (
    Group,
    ImageFetched,
    ImageRejected,
    ImageSubmitted,
    Registry,
    RegistrySettings,
    Wire,
    image_id,
    topic_of,
)

pytestmark = pytest.mark.real

PATIENCE_SECONDS = 90.0
TICK_SECONDS = 0.2


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((96, 80)).point(lambda x: (x + shade) % 256).save(out, "PNG")
    return out.getvalue()


@dataclass
class World:
    """Servers, a folder that the ingester may read, and one that it may not."""

    config: Path
    kafka: KafkaSettings
    allowed: Path
    forbidden: Path
    bucket: str
    s3: Minio
    state: Path

    def submit(self, *what: str | Path, **options: Any) -> Report:  # noqa: ANN401 - of SubmitOptions
        return run_submit(
            [str(name) for name in what],
            self.config,
            SubmitOptions(**options),
            Console(quiet=True),
        )

    def records(self, record: type[Group]) -> list[Any]:
        wire = Wire(record, Registry(RegistrySettings()))
        reader = TopicReader(self.kafka.client(), [self.kafka.physical(topic_of(record))])
        try:
            return [wire.decode(message.value() or b"") for message in reader.read(seconds=2)]
        finally:
            reader.close()

    def ends(self) -> dict[str, str]:
        """How each submission ended: `fetched` or a reason, by its URL."""
        return {r.submission.url: "fetched" for r in self.records(ImageFetched)} | {
            r.submission.url: r.reason for r in self.records(ImageRejected)
        }

    def ended(self, count: int) -> dict[str, str]:
        found: dict[str, str] = until(self.ends, lambda ends: len(ends) >= count)
        return found


def until(look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:  # noqa: ANN401 - what look gives
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not good(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(TICK_SECONDS)
    return found


@pytest.fixture
def world(
    stack: RunningStack,
    bucket: FreshBucket,
    topic_prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    monkeypatch.setattr(submit_command, "STATE", tmp_path / "state")
    access = stack.s3.access
    secret = access.secret_key.get_secret_value()
    allowed, forbidden = tmp_path / "allowed", tmp_path / "forbidden"
    allowed.mkdir()
    forbidden.mkdir()
    servers = {"bootstrap_servers": stack.kafka.bootstrap_servers, "topic_prefix": topic_prefix}
    store = {
        "endpoint": access.endpoint,
        "bucket": f"{bucket.name}-store",
        "access_key": access.access_key,
        "secret_key": secret,
        "create_bucket": True,
    }
    permits = {"roots": [str(allowed)], "prefixes": [f"s3://{bucket.name}/in"]}
    file = tmp_path / "pixelprose.yaml"
    file.write_text(
        yaml.safe_dump({"kafka": servers, "store": store, "ingester": {"sources": permits}})
    )
    run_topics_init(file, 2, 1, Console(quiet=True))
    s3 = Minio(
        access.endpoint.removeprefix("http://"),
        access_key=access.access_key,
        secret_key=secret,
        secure=False,
        region=access.region,
    )
    kafka = client_settings(file).kafka
    return World(file, kafka, allowed, forbidden, bucket.name, s3, tmp_path / "state")


@pytest.fixture
def ingester(world: World, tmp_path: Path) -> Iterator[None]:
    with (tmp_path / "ingester.log").open("wb") as log:
        command = [sys.executable, "-m", "pixelprose.ingester", "--config", str(world.config)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            code = process.wait(60)
    assert code == 0, (tmp_path / "ingester.log").read_text()


def shard(path: Path, shades: Sequence[int]) -> Path:
    """A shard as img2dataset writes it."""
    with tarfile.open(path, "w") as tar:
        for shade in shades:
            facts = {"url": f"https://a.example/{shade}", "caption": f"shade {shade}"}
            for suffix, data in (
                ("png", picture(shade)),
                ("json", json.dumps(facts).encode()),
                ("txt", facts["caption"].encode()),
            ):
                header = tarfile.TarInfo(f"{shade:09d}.{suffix}")
                header.size = len(data)
                tar.addfile(header, io.BytesIO(data))
    return path


def put(world: World, key: str, data: bytes) -> None:
    world.s3.put_object(world.bucket, key, io.BytesIO(data), len(data))


@pytest.mark.usefixtures("ingester")
def test_every_source_comes_through_with_its_caption_and_what_is_not_allowed_does_not(
    world: World, tmp_path: Path
) -> None:
    photos = world.allowed / "photos"
    photos.mkdir()
    (photos / "1.png").write_bytes(picture(1))
    (photos / "1.txt").write_text("shade 1")
    (photos / "text.jpg").write_bytes(b"no picture")
    shard(world.allowed / "0.tar", [2, 3])
    put(world, "in/4.png", picture(4))
    put(world, "in/4.json", b'{"caption": "shade 4", "license": "CC0-1.0"}')
    put(world, "in/5.tar", shard(tmp_path / "5.tar", [5]).read_bytes())
    rows = [{"image": {"bytes": picture(6), "path": None}, "caption": "shade 6"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train.parquet")
    (world.allowed / "7.png").write_bytes(picture(7))
    (tmp_path / "urls.csv").write_text(f"url,caption\nfile://{world.allowed}/7.png,shade 7\n")
    # ... and what must not come through:
    (world.forbidden / "8.png").write_bytes(picture(8))
    (photos / "9.png").symlink_to(world.forbidden / "8.png")
    put(world, "other/10.png", picture(10))
    (world.allowed / "1 again.png").write_bytes(picture(1))

    sent = [
        world.submit(photos, world.allowed / "0.tar", f"s3://{world.bucket}/in"),
        world.submit(tmp_path / "train.parquet", unpack_to=world.allowed / "unpacked"),
        world.submit(tmp_path / "urls.csv"),
        world.submit(world.forbidden, f"s3://{world.bucket}/other"),
    ]
    assert [report.submitted for report in sent] == [7, 1, 1, 2]
    ends = world.ended(11)
    fetched = {r.submission.alt_text: r for r in world.records(ImageFetched)}
    assert sorted(fetched) == [f"shade {n}" for n in range(1, 8)]
    assert sorted(reason for reason in ends.values() if reason != "fetched") == [
        "forbidden_source",
        "forbidden_source",
        "forbidden_source",
        "not_an_image",
    ]
    for record in fetched.values():
        assert record.submission.image_id == image_id(record.submission.canonical_url)
        assert record.fetch.final_url == record.submission.canonical_url
    assert fetched["shade 4"].rights.licence == "CC0-1.0"
    assert fetched["shade 2"].submission.fields["url"] == "https://a.example/2"
    # The same bytes once more, whatever their name:
    assert world.submit(f"file://{world.allowed}/1%20again.png").submitted == 1
    assert world.ended(12)[f"file://{world.allowed}/1%20again.png"] == "duplicate_content"


@pytest.mark.usefixtures("ingester")
def test_what_is_submitted_twice_after_a_crash_is_worked_on_once(
    world: World,
) -> None:
    for shade in range(5):
        (world.allowed / f"{shade}.png").write_bytes(picture(shade))
    assert world.submit(world.allowed).submitted == 5
    for file in world.state.iterdir():  # as if it died before it could remember
        file.unlink()
    assert world.submit(world.allowed).submitted == 5
    assert world.submit(world.allowed).before == 5
    assert len(world.records(ImageSubmitted)) == 10
    (world.allowed / "last.png").write_bytes(picture(77))
    world.submit(world.allowed)
    until(world.ends, lambda ends: any("last" in url for url in ends))
    until(lambda: len(world.records(ImageFetched)), lambda count: count >= 6)
    assert len(world.records(ImageFetched)) == 6
    assert world.records(ImageRejected) == []


def watching(world: World, *options: str) -> "subprocess.Popen[str]":
    what = [str(world.allowed), f"s3://{world.bucket}/in"]
    command = [sys.executable, "-m", "pixelprose.cli", "submit", *what]
    command += ["--config", str(world.config), "--watch", "--every", "0.2", "--json", *options]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "HOME": str(world.state)},
    )


def test_a_watch_that_is_killed_and_started_again_submits_every_file(world: World) -> None:
    (world.allowed / "0.png").write_bytes(picture(0))
    process = watching(world)
    try:
        until(lambda: world.records(ImageSubmitted), lambda found: len(found) >= 1)
    finally:
        process.kill()
        process.communicate(timeout=60)
    (world.allowed / "1.png").write_bytes(picture(1))
    process = watching(world)
    try:
        put(world, "in/2.png", picture(2))
        until(lambda: remembered(world), lambda count: count >= 3)
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(said)["interrupted"] is False
    urls = {record.url.rpartition("/")[2] for record in world.records(ImageSubmitted)}
    assert urls == {"0.png", "1.png", "2.png"}


def remembered(world: World) -> int:
    found = 0
    for file in world.state.glob(".local/state/pixelprose/submit/*.sqlite"):
        with sqlite3.connect(file) as opened:
            found += opened.execute("SELECT count(*) FROM submitted").fetchone()[0]
        opened.close()
    return found


def test_a_row_too_large_for_a_message_is_bad_and_the_others_go_on(
    world: World, tmp_path: Path
) -> None:
    big = "x" * 20_000_000
    lines = [{"url": "http://a.example/1"}, {"url": "http://a.example/2", "big": big}]
    lines.append({"url": "http://a.example/3"})
    (tmp_path / "urls.jsonl").write_text("\n".join(map(json.dumps, lines)))
    report = world.submit(tmp_path / "urls.jsonl", columns=Columns())
    assert (report.submitted, report.bad) == (2, 1)
    assert "bytes, more than a message may have" in report.first_bad[0].why
