"""The pages' commands, run as they stand there, on a real Kafka and S3 server with records.

No service runs: what is submitted stays where it is. `tests/e2e` runs the services.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from tests.docs.inputs import write_inputs
from tests.docs.pages import Block, blocks, pages

from pixelprose.cli.demo_config import sections, write_known_hashes
from pixelprose.cli.topics_init import run_topics_init
from pixelprose.curator.testing import LANES, SmallLake
from pixelprose.curator.testing_topic import FedLake
from pixelprose.embedded import EmbeddedKafka, EmbeddedS3, JarCache
from pixelprose.embedded.settings import default_cache_dir
from pixelprose.kafkalog import Appender, KafkaSettings
from pixelprose.objectstore import StoreSettings
from pixelprose.records import ImageSubmitted, topic_of
from pixelprose.streamkit import Message, TopicPartition
from pixelprose.streamkit.letters import DeadLetters

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

ROWS = 12
SHOWN = [page for page in pages() if page.parts[0] == "docs" or page == Path("README.md")]
BLOCKS = [
    block for page in SHOWN for block in blocks(page) if (block.language, block.kind) == ("sh", "")
]
ACTIVATE = "source .venv/bin/activate\n"


@dataclass(frozen=True, slots=True)
class World:
    """A folder as a person has it beside a running `pixelprose up`."""

    folder: Path

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run a page's commands as a person's shell would, `/data/images` being a folder here."""
        kept = {name: value for name, value in os.environ.items() if name[:10] != "PIXELPROSE"}
        ours = {
            "HOME": str(self.folder),
            "PIXELPROSE_CACHE": str(default_cache_dir()),
            "COLUMNS": "100",
            "HF_HUB_OFFLINE": "1",
        }
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.here(ACTIVATE + code)],
            cwd=self.folder,
            env={**kept, **ours},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )

    def here(self, code: str) -> str:
        """Put our folder in the place of the page's."""
        return code.replace("/data/images", str(self.folder / "images"))


@pytest.fixture(scope="module")
def world(jar_cache: JarCache, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Servers of its own, since the pages' topics have no prefix."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "build").mkdir()
    (folder / "build" / "demo").symlink_to("../pixelprose-data")
    (folder / "pixelprose-data").mkdir()
    write_inputs(folder, images=folder / "images", site="http://a.example")
    with (
        EmbeddedKafka(folder / "kafka", jars=jar_cache) as kafka,
        EmbeddedS3(folder / "s3", jars=jar_cache) as s3,
    ):
        store = StoreSettings(
            endpoint=s3.access.endpoint,
            bucket="pixelprose",
            access_key=s3.access.access_key,
            secret_key=s3.access.secret_key,
            region=s3.access.region,
            create_bucket=True,
        )
        config = write_settings(folder / "pixelprose-data", kafka, store)
        fill_the_table(kafka, store)
        run_topics_init(config, LANES, 1, Console(quiet=True))
        put_dead_letters(kafka)
        yield World(folder)


def write_settings(folder: Path, kafka: EmbeddedKafka, store: StoreSettings) -> Path:
    """Write what `up` writes."""
    document = {
        "kafka": {"bootstrap_servers": kafka.bootstrap_servers},
        "store": {**store.model_dump(), "secret_key": store.secret_key.get_secret_value()},
        **sections(write_known_hashes(folder / "known-hashes.csv", range(1))),
    }
    file = folder / "pixelprose.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


def fill_the_table(kafka: EmbeddedKafka, store: StoreSettings) -> None:
    """Put captions on the topic, and into the table in two commits."""
    small = SmallLake(store)
    small.lake.store.prepare()
    fed = FedLake(kafka.bootstrap_servers, "", small)
    for numbers in (range(ROWS // 2), range(ROWS // 2, ROWS)):
        fed.sink(fed.feed(*numbers))
        for number in numbers:
            small.image(number)
    small.lake.close()


def put_dead_letters(kafka: EmbeddedKafka) -> None:
    """Put bytes that are no record on a dead-letter topic, in every partition."""
    appender = Appender(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers), name="seed")
    appender.open()
    at, now = TopicPartition(topic_of(ImageSubmitted), 0), datetime.now(UTC)
    letters = DeadLetters("ingester", version="1")
    assert appender.append(
        [
            letters.of(
                Message(at, number, f"{number}".encode(), b"no record", (), now),
                "undecodable",
                error_class="Undecodable",
                error_text="no record",
            )
            for number in range(16)
        ]
    )


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_it_runs(block: Block, world: World) -> None:
    done = world.run(block.code)
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr


def test_there_are_commands_to_run() -> None:
    assert len(BLOCKS) > 10


def test_a_command_that_fails_is_seen(world: World) -> None:
    assert world.run("pixelprose table show --table nothing | cat").returncode == 2
    assert world.run("pixelprose submit nothing.csv\npixelprose status").returncode == 2
