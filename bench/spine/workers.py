"""The contestants as processes, and the environments of those that must not live in ours."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
OURS, BARE = "ours", "bare"
PEERS = ("faust", "faststream", "quix")
_STOP_SECONDS = 10.0

Process = subprocess.Popen[bytes]


def prepare() -> None:
    """Make the peers' environments under build/, once, with what bench/requirements-*.txt pin."""
    uv = Path(sys.executable).with_name("uv")
    for peer in PEERS:
        home, pins = ROOT / f"build/peers/{peer}", ROOT / f"bench/requirements-{peer}.txt"
        made = home / "made-from.txt"
        if made.exists() and made.read_text() == pins.read_text():
            continue
        print(f"making {home.relative_to(ROOT)}", flush=True)
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, home], check=True)
        python = home / "bin/python"
        subprocess.run([uv, "pip", "install", "-q", "--python", python, "-r", pins], check=True)
        made.write_text(pins.read_text())


@contextmanager
def running(
    name: str, task: Sequence[str], *, count: int = 1, log: Path
) -> Iterator[list[Process]]:
    """Run `count` processes of one contestant; they have ended when the block has."""
    with ExitStack() as stack, log.open("ab") as output:
        processes = []
        for slot in range(count):
            command = [*_command(name), *task, str(slot)]
            process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
            stack.callback(_end, process)
            processes.append(process)
        yield processes


def cpu_seconds(processes: Sequence[Process]) -> float:
    """Return what they have used so far, user and system.

    Raises:
        RuntimeError: one has ended by itself.
    """
    if ended := [process.args for process in processes if process.poll() is not None]:
        raise RuntimeError(f"ended by itself: {ended}; see build/bench-spine")
    times = [psutil.Process(process.pid).cpu_times() for process in processes]
    return sum(one.user + one.system for one in times)


def _command(name: str) -> list[str]:
    if name in PEERS:
        return [str(ROOT / f"build/peers/{name}/bin/python"), "-m", f"bench.spine.peer_{name}"]
    return [sys.executable, "-m", f"bench.spine.{name}"]


def _end(process: Process) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_STOP_SECONDS)
