"""The main job on the real servers: URLs in, rows out, and nothing lost when services die."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from pixelprose.cli.demo import DemoOptions, Running, run_demo
from pixelprose.cli.local import SERVICES
from pixelprose.cli.schema_command import schema_json
from pixelprose.cli.summary import Summary

pytestmark = [pytest.mark.real, pytest.mark.e2e, pytest.mark.timeout(600)]

README = Path(__file__).parents[2] / "README.md"
IMAGES = 36


class KillEachOnce:
    """Kills (-9) each service once, one after another, while there is work."""

    def __init__(self) -> None:
        self.left = list(SERVICES)
        self.ticks = 0

    def __call__(self, running: Running) -> None:
        self.ticks += 1
        if self.left and self.ticks % 3 == 0:
            os.kill(running.services.supervisor.pid(self.left.pop(0)), signal.SIGKILL)


class ReadmeConsumer:
    """Runs the README's program beside the pipeline, as somebody else would."""

    def __init__(self, folder: Path) -> None:
        program = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
        assert program is not None
        self.program, self.schema = folder / "consumer.py", folder / "captions.avsc"
        self.output = folder / "captions.txt"
        self.program.write_text(program[1])
        self.schema.write_text(schema_json("caption_annotated"))
        self.process: subprocess.Popen[bytes] | None = None

    def __call__(self, running: Running) -> None:
        if self.process is None:
            servers = running.stack.kafka.bootstrap_servers
            with self.output.open("wb") as output:
                self.process = subprocess.Popen(
                    [sys.executable, "-u", self.program, servers, self.schema], stdout=output
                )

    @contextmanager
    def stopped(self) -> Iterator[None]:
        try:
            yield
        finally:
            if self.process is not None:
                self.process.kill()
                self.process.wait()


@pytest.fixture
def quiet() -> Console:
    return Console(quiet=True)


def assert_each_ended_once(summary: Summary) -> None:
    assert summary.without_end == 0
    assert summary.ended_twice == 0
    assert summary.dead_letters == {}
    assert summary.adds_up, summary.document()


def test_every_submission_ends_once_and_strangers_can_read_the_captions(
    tmp_path: Path, quiet: Console
) -> None:
    consumer = ReadmeConsumer(tmp_path)
    with consumer.stopped():
        summary = run_demo(
            DemoOptions(out=tmp_path / "demo", images=IMAGES, seed=2), quiet, on_tick=consumer
        )
    assert_each_ended_once(summary)
    assert summary.unexpected == 0, summary.document()
    assert summary.rows > IMAGES // 3
    assert (tmp_path / "demo" / "summary.json").is_file()
    page = (tmp_path / "demo" / "report.html").read_text()
    assert page.count("<article") == min(summary.rows, 60)
    assert "blocked" not in page
    read = consumer.output.read_text().splitlines()
    assert read
    assert all(line.startswith("http://127.0.0.1") for line in read)


def test_a_kill_of_each_service_loses_nothing_and_repeats_nothing(
    tmp_path: Path, quiet: Console
) -> None:
    killer = KillEachOnce()
    summary = run_demo(
        DemoOptions(out=tmp_path / "demo", images=IMAGES, seed=3), quiet, on_tick=killer
    )
    assert killer.left == []
    assert_each_ended_once(summary)
    assert summary.rows > IMAGES // 3
