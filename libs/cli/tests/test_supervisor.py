import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pixelprose.cli.supervisor import Command, ServiceFailed, Supervisor
from pixelprose.streamkit import ExitCode

WAITS = "import time\nprint('up', flush=True)\ntime.sleep(60)"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor(stop_seconds=5) as running:
        yield running


def command(tmp_path: Path, program: str) -> Command:
    return Command("svc", (sys.executable, "-c", program), {}, tmp_path / "svc.log")


def until(holds: Callable[[], bool], *, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_killed_process_is_started_again(tmp_path: Path, supervisor: Supervisor) -> None:
    supervisor.start(command(tmp_path, WAITS))
    first = supervisor.pid("svc")
    os.kill(first, signal.SIGKILL)

    def again() -> bool:
        supervisor.check()
        return supervisor.restarts()["svc"] == 1

    until(again)
    assert supervisor.pid("svc") != first


@pytest.mark.parametrize("code", [ExitCode.BAD_CONFIGURATION, ExitCode.FUSE_BLOWN])
def test_a_code_that_needs_a_person_is_raised_with_the_last_words(
    tmp_path: Path, supervisor: Supervisor, code: ExitCode
) -> None:
    supervisor.start(command(tmp_path, f"print('no model'); raise SystemExit({int(code)})"))

    said: list[str] = []

    def failed() -> bool:
        try:
            supervisor.check()
        except ServiceFailed as error:
            said.append(str(error))
        return bool(said)

    until(failed)
    assert "no model" in said[0]
    assert str(int(code)) in said[0]
    assert supervisor.restarts()["svc"] == 0


def test_the_last_words_are_not_of_an_earlier_run(tmp_path: Path, supervisor: Supervisor) -> None:
    failing = command(tmp_path, f"print('ours'); raise SystemExit({int(ExitCode.FUSE_BLOWN)})")
    failing.log.write_text("theirs\n")
    supervisor.start(failing)

    def checked() -> bool:
        supervisor.check()
        return False

    with pytest.raises(ServiceFailed) as raised:
        until(checked)
    assert "ours" in str(raised.value)
    assert "theirs" not in str(raised.value)


def test_one_that_is_fenced_is_started_again_and_given_up_when_it_comes_again(
    tmp_path: Path,
) -> None:
    seconds = itertools.count(step=0.5)
    with Supervisor(stop_seconds=5, clock=lambda: next(seconds)) as running:
        running.start(command(tmp_path, f"raise SystemExit({int(ExitCode.FENCED)})"))

        def failed() -> bool:
            try:
                running.check()
            except ServiceFailed:
                return True
            return False

        until(failed)
        assert running.restarts()["svc"] == 3


def test_stopping_lets_a_process_finish(tmp_path: Path) -> None:
    program = (
        "import signal, time\n"
        "def end(*_):\n print('drained', flush=True)\n raise SystemExit(0)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\ntime.sleep(60)"
    )
    log = tmp_path / "svc.log"
    with Supervisor(stop_seconds=20) as running:
        running.start(command(tmp_path, program))
        until(lambda: "up" in log.read_text())
    assert "drained" in log.read_text()


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    program = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{WAITS}"
    log = tmp_path / "svc.log"
    with Supervisor(stop_seconds=0.2) as running:
        running.start(command(tmp_path, program))
        until(lambda: "up" in log.read_text())
        pid = running.pid("svc")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
