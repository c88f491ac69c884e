"""The whole pipeline on images that people have: a folder and a prefix in, captioned rows out."""

import contextlib
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from deltalake.exceptions import TableNotFoundError
from minio import Minio
from rich.console import Console

from pixelprose.cli import submit_command
from pixelprose.cli.demo_config import sections, write_known_hashes
from pixelprose.cli.demo_summary import table_rows
from pixelprose.cli.local import LocalConfig, LocalServices, initialise_locally
from pixelprose.cli.outcomes import OutcomeReader, Outcomes
from pixelprose.cli.submit_command import run_submit
from pixelprose.cli.submit_options import SubmitOptions
from pixelprose.cli.supervisor import Supervisor
from pixelprose.demoworld import encode, render, scene
from pixelprose.embedded import Stack, StackSettings
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import RegistrySettings

pytestmark = [pytest.mark.real, pytest.mark.e2e, pytest.mark.timeout(1_500)]

READY_SECONDS = 600.0
PATIENCE_SECONDS = 300.0
EACH = 6
BUCKET = "our-pictures"


def picture(seed: int) -> bytes:
    return encode(render(scene(seed), size=256), "JPEG")


@contextmanager
def pipeline(stack: Stack, folder: Path, roots: Path) -> Iterator[LocalConfig]:
    """All five services, which may read one folder and one prefix."""
    given = sections(write_known_hashes(folder / "known-hashes.csv", [999]))
    sources = {"roots": [str(roots)], "prefixes": [f"s3://{BUCKET}/in"]}
    ingester = {**given["ingester"], "sources": sources}
    config = LocalConfig(stack, folder, {**given, "ingester": ingester})
    config.write()
    with Supervisor() as supervisor:
        services = LocalServices(supervisor, config)
        services.start()
        services.wait_ready(seconds=READY_SECONDS, on_ready=lambda _: None)
        yield config


def fill(stack: Stack, roots: Path) -> None:
    """Half of the pictures as files, the others as objects, and one outside the prefix."""
    access = stack.s3.access
    s3 = Minio(
        access.endpoint.removeprefix("http://"),
        access_key=access.access_key,
        secret_key=access.secret_key.get_secret_value(),
        secure=False,
        region=access.region,
    )
    s3.make_bucket(BUCKET)
    for seed in range(EACH):
        (roots / f"{seed}.jpg").write_bytes(picture(seed))
        data = picture(EACH + seed)
        s3.put_object(BUCKET, f"in/{seed}.jpg", io.BytesIO(data), len(data))
    data = picture(2 * EACH)
    s3.put_object(BUCKET, "out/0.jpg", io.BytesIO(data), len(data))


def ended(kafka: KafkaSettings, count: int) -> Outcomes:
    """What became of that many submissions."""
    reader = OutcomeReader(kafka, RegistrySettings())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(reader.outcomes.ends.submissions()) < count:
        assert time.monotonic() < deadline, reader.outcomes
        reader.read(seconds=0.5)
    reader.close()
    return reader.outcomes


def rows_are(count: int, stack: Stack) -> None:
    """Wait until the table holds that many rows, each once."""
    deadline, rows = time.monotonic() + PATIENCE_SECONDS, -1
    while rows != count:
        assert time.monotonic() < deadline, rows
        time.sleep(0.5)
        with contextlib.suppress(TableNotFoundError):
            rows = table_rows(stack.s3.access)


def test_a_folder_and_a_prefix_become_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit_command, "STATE", tmp_path / "state")
    roots = tmp_path / "pictures"
    roots.mkdir()
    with Stack(StackSettings(data_dir=tmp_path / "data")) as stack:
        kafka = KafkaSettings(bootstrap_servers=stack.kafka.bootstrap_servers)
        initialise_locally(kafka)
        fill(stack, roots)
        with pipeline(stack, tmp_path, roots) as config:
            for what in (str(roots), f"s3://{BUCKET}/in", f"s3://{BUCKET}/out"):
                run_submit([what], config.file, SubmitOptions(source="own"), Console(quiet=True))
            found = ended(kafka, 2 * EACH + 1)
            rows_are(len(found.captions), stack)
    captioned = {caption.submission.url for caption in found.captions}
    kinds = {url.partition(":")[0] for url in captioned}
    refused = {one.submission.url: one.reason for one in found.rejections}
    assert kinds == {"file", "s3"}
    assert refused.pop(f"s3://{BUCKET}/out/0.jpg") == "forbidden_source"
    assert len(captioned) + len(refused) == 2 * EACH
