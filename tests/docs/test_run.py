"""The pages' commands, run as they stand there, on one machine with everything that `up` starts."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.docs.inputs import write_inputs
from tests.docs.pages import Block, blocks, pages

from pixelprose.cli.client_settings import client_settings
from pixelprose.demoworld import Site
from pixelprose.embedded.settings import default_cache_dir
from pixelprose.kafkalog import Appender
from pixelprose.records import ImageSubmitted, topic_of
from pixelprose.streamkit import Outgoing

pytestmark = [pytest.mark.real, pytest.mark.e2e, pytest.mark.timeout(600)]

PATIENCE_SECONDS = 240.0
TUTORIAL = Path("docs/tutorial/newcomers-hour.md")
SHOWN = [page for page in pages() if page.parts[0] == "docs" or page == Path("README.md")]
BLOCKS = [
    block
    for page in sorted(SHOWN, key=lambda page: page != TUTORIAL)
    for block in blocks(page)
    if (block.language, block.kind) == ("sh", "")
]


@dataclass(frozen=True, slots=True)
class World:
    """A folder with what the pages talk about, and `pixelprose up` running in it."""

    folder: Path

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run a page's commands as a person's shell would, `/data/images` being a folder here."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.here(code)],
            cwd=self.folder,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def environ(self) -> dict[str, str]:
        """The variables of a new terminal, with a home of its own."""
        kept = {name: value for name, value in os.environ.items() if name[:10] != "PIXELPROSE"}
        return {
            **kept,
            "HOME": str(self.folder),
            "PIXELPROSE_CACHE": str(default_cache_dir()),
            "COLUMNS": "100",
            "HF_HUB_OFFLINE": "1",
        }

    def here(self, code: str) -> str:
        """Put our folder in the place of the page's."""
        return code.replace("/data/images", str(self.folder / "images"))

    def rows(self, table: str) -> int:
        """How many rows a table has; none before there is one."""
        said = self.run("source .venv/bin/activate; pixelprose table show --json --sample 0")
        found = json.loads(said.stdout) if said.returncode == 0 else []
        return sum(one["rows"] for one in found if one["name"] == table)


def until(what: str, holds: object, process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    assert callable(holds)
    while not holds():
        assert process is None or process.poll() is None, f"`up` ended with {process.returncode}"
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("docs")
    made = World(folder)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "build").mkdir()
    (folder / "build" / "demo").symlink_to("../pixelprose-data")
    (own,) = (block for block in blocks(TUTORIAL) if block.kind == "own.yaml")
    (folder / "own.yaml").write_text(made.here(own.code))
    with Site() as site, (folder / "up.txt").open("wb") as said:
        write_inputs(folder, images=folder / "images", site=site.address)
        up = subprocess.Popen(
            ["bash", "-c", f"exec .venv/bin/{up_command()}"],
            cwd=folder,
            env=made.environ(),
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            until("`up` is ready", lambda: "Submit with" in (folder / "up.txt").read_text(), up)
            spoil(folder)
            yield made
        finally:
            up.send_signal(signal.SIGINT)
            try:
                assert up.wait(120) == 0, (folder / "up.txt").read_text()[-2000:]
            finally:
                up.kill()


def up_command() -> str:
    """The tutorial's own, with a person's settings."""
    found = [block.code.strip() for block in blocks(TUTORIAL) if block.kind == "terminal"]
    (command,) = (code for code in found if "own.yaml" in code)
    return command


def spoil(folder: Path) -> None:
    """Put bytes that are no record into every partition, so that there are dead letters to see."""
    settings = client_settings(folder / "pixelprose-data" / "pixelprose.yaml")
    topic = topic_of(ImageSubmitted)
    appender = Appender(settings.kafka, name="spoil")
    appender.open()
    keys = [f"{number}".encode() for number in range(16)]
    assert appender.append([Outgoing(topic, key, b"no record", ()) for key in keys])


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_it_runs(block: Block, world: World) -> None:
    if block.page.name in {"dead-letters.md", "tables.md", "newcomers-hour.md"}:
        until("there are dead letters", lambda: world.rows("dead_letters"))
    if "export" in block.code or "table" in block.code:
        world.run("source .venv/bin/activate; pixelprose submit urls.csv")
        until("there are captions", lambda: world.rows("captions"))
    activate = "source .venv/bin/activate\n"
    done = world.run(block.code if "activate" in block.code else activate + block.code)
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr


def test_there_are_commands_to_run() -> None:
    assert len(BLOCKS) > 10


def test_what_was_submitted_by_the_pages_became_rows(world: World) -> None:
    # The lists' and the folder's pictures differ; what they share is rejected as a duplicate.
    until("the pages' pictures are captioned", lambda: world.rows("captions") >= 1)
    said = world.run("source .venv/bin/activate; pixelprose table show --json --table rejections")
    assert "forbidden" not in said.stdout
