"""The leash, with small programs in the place of servers."""

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixelprose.embedded.errors import ServerFailed
from pixelprose.embedded.folder import claim
from pixelprose.embedded.process import ServerProcess

PATIENT = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('up', flush=True); time.sleep(600)"
)
BROKEN = "import sys; print('cannot read my settings'); sys.exit(3)"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[int]:
    descriptor = claim(tmp_path, patience_seconds=0)
    yield descriptor
    os.close(descriptor)


def run(program: str, folder: Path, descriptor: int, *, grace_seconds: float = 10) -> ServerProcess:
    return ServerProcess(
        "toy",
        [sys.executable, "-c", program],
        log=folder / "server.log",
        claim=descriptor,
        grace_seconds=grace_seconds,
    )


def is_up(folder: Path) -> bool:
    return "up" in (folder / "server.log").read_text()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_server_runs_until_it_is_stopped(tmp_path: Path, held: int) -> None:
    toy = run(PATIENT, tmp_path, held)
    toy.await_ready(lambda: is_up(tmp_path), deadline_seconds=20)
    assert toy.is_alive()
    assert is_running(toy.pid)
    toy.stop()
    assert not toy.is_alive()
    assert not is_running(toy.pid)
    toy.stop()


def test_a_server_that_does_not_listen_is_killed_after_the_grace(tmp_path: Path, held: int) -> None:
    toy = run(STUBBORN, tmp_path, held, grace_seconds=0.2)
    toy.await_ready(lambda: is_up(tmp_path), deadline_seconds=20)
    toy.stop()
    assert not is_running(toy.pid)


def test_a_killed_server_is_gone(tmp_path: Path, held: int) -> None:
    toy = run(PATIENT, tmp_path, held)
    toy.kill()
    assert not is_running(toy.pid)


def test_a_server_that_ends_at_start_shows_its_log(tmp_path: Path, held: int) -> None:
    toy = run(BROKEN, tmp_path, held)
    with pytest.raises(ServerFailed) as caught:
        toy.await_ready(lambda: False, deadline_seconds=20)
    toy.stop()
    message = str(caught.value)
    assert "toy ended with status 3 at start" in message
    assert str(tmp_path / "server.log") in message
    assert "cannot read my settings" in message


def test_a_server_that_never_answers_is_given_up(tmp_path: Path, held: int) -> None:
    toy = run(PATIENT, tmp_path, held)
    ticks = iter(range(100))
    with pytest.raises(ServerFailed, match="did not answer within 5 s"):
        toy.await_ready(
            lambda: False,
            deadline_seconds=5,
            clock=lambda: float(next(ticks)),
            pause=lambda _: None,
        )
    toy.kill()


def test_a_command_that_cannot_be_run_is_told(tmp_path: Path, held: int) -> None:
    toy = ServerProcess(
        "toy",
        [str(tmp_path / "nothing")],
        log=tmp_path / "server.log",
        claim=held,
        grace_seconds=1,
    )
    with pytest.raises(ServerFailed, match="No such file or directory"):
        toy.await_ready(lambda: False, deadline_seconds=20)
    toy.stop()


def test_a_server_that_fails_on_a_full_disk_says_so(tmp_path: Path, held: int) -> None:
    toy = ServerProcess(
        "toy",
        [sys.executable, "-c", BROKEN],
        log=tmp_path / "server.log",
        claim=held,
        grace_seconds=1,
        free_bytes=lambda _: 3 * 2**20,
    )
    toy.stop()
    assert "ended (the disk is full: 3 MiB free)" in str(toy.failure("ended"))


def test_a_long_log_is_set_aside(tmp_path: Path, held: int) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(b"")
    os.truncate(log, 21 * 2**20)
    run(BROKEN, tmp_path, held).stop()
    assert (tmp_path / "server.log.1").stat().st_size == 21 * 2**20
    assert log.stat().st_size < 1000


def test_the_claim_lasts_as_long_as_the_server(tmp_path: Path) -> None:
    descriptor = claim(tmp_path, patience_seconds=0)
    toy = run(PATIENT, tmp_path, descriptor)
    os.close(descriptor)
    with (tmp_path / "claim").open("r+") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        toy.stop()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_its_starter_however_that_dies(
    tmp_path: Path, end: signal.Signals
) -> None:
    starter = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from pixelprose.embedded.folder import claim
        from pixelprose.embedded.process import ServerProcess
        folder = Path({str(tmp_path)!r})
        toy = ServerProcess("toy", [sys.executable, "-c", {PATIENT!r}], log=folder / "server.log",
                            claim=claim(folder, patience_seconds=0), grace_seconds=10)
        print(toy.pid, flush=True)
        time.sleep(600)
    """)
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert is_running(pid)
        process.send_signal(end)
    # The claim is free once leash and server are gone: wait for that, and for nothing else.
    os.close(claim(tmp_path, patience_seconds=20))
    assert not is_running(pid)
