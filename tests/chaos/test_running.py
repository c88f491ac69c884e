"""What a run says of its schedules: the page, the last line, and a schedule that breaks off."""

import io
import json
import threading
from pathlib import Path
from typing import Any, Self

import pytest
from rich.console import Console

from chaos import running
from chaos.beside import beside
from chaos.flat import FEWEST
from chaos.history import Fault, Violation
from chaos.recovery import MOST_SECONDS
from chaos.report import print_page
from chaos.result import Result, broken_off
from chaos.results import note, read
from chaos.settings import Run
from chaos.usage import Life, Usage
from pixelprose.embedded import ServerFailed

HELD = Usage("kafka", 250 * 2**20, 190)
LIFE = Life(40.0, Usage("sink", 2**28, 60), Usage("sink", 2**28, 60), settled=True)


def result(*, urls_changed: int = 1, violations: tuple[Violation, ...] = ()) -> Result:
    faults = (
        Fault("web_changed", "ingester", 0.0, 1.0, 2.0),
        Fault("kill", "sink/0", 2.0, 3.0, MOST_SECONDS),
    )
    return Result(
        seed=7,
        seconds=60.0,
        submissions=150,
        rows=90,
        rejections=60,
        faults=faults,
        violations=violations,
        samples=100,
        positions_checked=900,
        exits={"sink:-9": 1},
        lives=(LIFE,),
        urls_changed=urls_changed,
    )


def page(*lines: tuple[Result, list[Usage]], asked: int | None = None) -> tuple[bool, str]:
    said = io.StringIO()
    kept = print_page(Console(file=said, width=100), "canary", [lines], asked=asked)
    return kept, said.getvalue()


def last(said: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(said.splitlines()[-1])
    return document


def test_a_fault_that_changed_nothing_is_told_apart() -> None:
    kept, said = page((result(), [HELD]), (result(urls_changed=0), [HELD]))
    assert kept
    assert last(said)["urls_changed"] == 1
    assert last(said)["web_changed_in_vain"] == 1


def test_what_did_not_recover_in_time_is_no_figure() -> None:
    _, said = page((result(), [HELD]))
    assert "> 120" in said
    assert last(said)["recovery_seconds"]["kill"]["not_within"] == 1


def test_lost_and_without_an_end_are_counted_apart() -> None:
    broken = result(violations=(Violation("lost", "a"), Violation("without_end", "b")))
    kept, said = page((broken, [HELD]), (result(violations=(Violation("lost", "c"),)), [HELD]))
    assert not kept
    assert (last(said)["lost"], last(said)["without_end"]) == (2, 1)


def test_growth_over_a_run_breaks_the_promise() -> None:
    grown = [Usage("kafka", (250 + 40 * number) * 2**20, 190) for number in range(FEWEST)]
    kept, said = page(*((result(), [one]) for one in grown))
    assert not kept
    assert last(said)["violations"] == {"growing": 1}
    assert "growing: memory of kafka" in said


def test_a_run_that_ended_early_is_not_kept() -> None:
    assert page((result(), [HELD]), asked=1)[0]
    assert not page((result(), [HELD]), asked=2)[0]


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    lines = [(result(), [HELD]), (broken_off(8, OSError("boom"), seconds=3.0), [])]
    for one, usage in lines:
        note(file, one, usage)
    assert read(file) == lines


class Server:
    """A server that runs, or does not, and may be started."""

    def __init__(self, *, starts: bool = True) -> None:
        self.process = self
        self.pid = 1
        self.runs, self._starts = True, starts

    def is_alive(self) -> bool:
        return self.runs

    def start(self) -> None:
        if not self._starts:
            raise ServerFailed("no room")
        self.runs = True


class Servers:
    """A stack without a server."""

    def __init__(self, *, starts: bool = True) -> None:
        self.kafka, self.s3 = Server(starts=starts), Server()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def run_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, servers: Servers
) -> list[tuple[Result, list[Usage]]]:
    """Three schedules, of which the second kills the broker and breaks off."""

    def schedule(_run: Run, stack: Servers, *, seed: int, folder: Path) -> Result:
        folder.mkdir()
        if seed == 2:
            stack.kafka.runs = False
            raise RuntimeError("no replica of sink became ready")
        return result()

    monkeypatch.setattr(running, "Stack", lambda _: servers)
    monkeypatch.setattr(running, "of_servers", lambda _: iter([HELD]))
    monkeypatch.setattr(running, "run_schedule", schedule)
    given = Run(folder=tmp_path, seed=1, schedules=3)
    lines = running.run_all(given, Console(quiet=True))
    assert read(tmp_path / "results.jsonl") == lines
    return [(one, list(usage)) for one, usage in lines]


def test_a_schedule_that_breaks_off_is_a_violation_and_the_next_is_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good, broken, after = run_with(monkeypatch, tmp_path, Servers())
    assert not good[0].violations
    assert not after[0].violations
    (violation,) = broken[0].violations
    assert violation.kind == "harness"
    assert "no replica of sink became ready" in violation.detail
    assert (tmp_path / "seed-2").exists()
    assert not page(good, broken, after)[0]


def test_a_run_whose_servers_are_gone_ends_with_what_it_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = run_with(monkeypatch, tmp_path, Servers(starts=False))
    assert len(lines) == 2
    assert not page(*lines, asked=3)[0]


def test_work_beside_that_fails_is_heard_of() -> None:
    def fails(_: threading.Event) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"), beside(fails):
        pass
