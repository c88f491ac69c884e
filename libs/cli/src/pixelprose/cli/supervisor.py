"""Services as child processes: started, watched, started again, stopped together.

Ours, because what is kept elsewhere fits badly: honcho ends everything when one process ends, and
circus and supervisord are daemons of their own. Here an exit code decides (`ExitCode`).
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pixelprose.cli.errors import CommandError
from pixelprose.streamkit import ExitCode

NEEDS_A_PERSON = frozenset(
    {
        ExitCode.BAD_CONFIGURATION,
        ExitCode.FUSE_BLOWN,
        ExitCode.POSITION_LOST,
        ExitCode.RECORDS_LOST,
    }
)
"""Exit codes after which starting again would change nothing."""

_FIRST_DELAY_SECONDS = 0.5
_LONGEST_DELAY_SECONDS = 30.0
_STEADY_SECONDS = 30.0
_FENCED_ROUNDS = 3
"""Quick ends in a row after which another process surely has this one's identity. The first means
little: a process that was stopped for a minute is fenced, too."""


class ServiceFailed(CommandError):
    """A service ended with a code that a person must act on; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Command:
    """One process to keep running."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path


@dataclass(slots=True)
class _Child:
    command: Command
    process: subprocess.Popen[bytes]
    started: float
    log_begins: int  # what its log held before this run
    failures: int = 0
    restart_at: float | None = None
    restarts: int = 0


@dataclass(slots=True)
class Supervisor:
    """Keeps commands running until stopped; use as a context manager.

    `check` is to be called often; it starts again what died and raises on what must not be.
    """

    stop_seconds: float = 30.0
    clock: Callable[[], float] = time.monotonic
    _children: dict[str, _Child] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Return itself; nothing is started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self.stop()

    def start(self, command: Command) -> None:
        """Start one process; it is kept running from now on."""
        begins = command.log.stat().st_size if command.log.exists() else 0
        self._children[command.name] = _Child(command, _spawn(command), self.clock(), begins)

    def pid(self, name: str) -> int:
        """Return the process id that `name` has now."""
        return self._children[name].process.pid

    def pids(self) -> dict[str, int]:
        """Return the process ids of all that run now."""
        return {
            name: child.process.pid
            for name, child in self._children.items()
            if child.process.poll() is None
        }

    def restarts(self) -> dict[str, int]:
        """Return how often each was started again."""
        return {name: child.restarts for name, child in self._children.items()}

    def check(self) -> None:
        """Start again what ended, with growing delays.

        Raises:
            ServiceFailed: one ended with a code that a person must act on.
        """
        for child in self._children.values():
            self._look_after(child)

    def stop(self) -> None:
        """End all with SIGTERM, together; after `stop_seconds` with SIGKILL."""
        running = [c for c in self._children.values() if c.process.poll() is None]
        for child in running:
            child.process.send_signal(signal.SIGTERM)
        deadline = self.clock() + self.stop_seconds
        for child in running:
            try:
                child.process.wait(max(0.1, deadline - self.clock()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        for child in self._children.values():
            _let_go(child.process)
        self._children.clear()

    def _look_after(self, child: _Child) -> None:
        code = child.process.poll()
        if code is None:
            return
        if code in NEEDS_A_PERSON:
            raise ServiceFailed(_last_words(child, code))
        now = self.clock()
        if child.restart_at is None:
            child.failures = 0 if now - child.started > _STEADY_SECONDS else child.failures + 1
            if code == ExitCode.FENCED and child.failures > _FENCED_ROUNDS:
                raise ServiceFailed(_last_words(child, code))
            delay = min(_FIRST_DELAY_SECONDS * 2**child.failures, _LONGEST_DELAY_SECONDS)
            child.restart_at = now + delay
        if now >= child.restart_at:
            _let_go(child.process)
            child.process, child.started = _spawn(child.command), now
            child.restart_at = None
            child.restarts += 1


def _spawn(command: Command) -> subprocess.Popen[bytes]:
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own commands
            list(command.argv),
            env={**os.environ, **command.env},
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.PIPE,  # It ends when we are gone, however we went.
            start_new_session=True,  # Ctrl-C reaches us alone; we end them in order.
        )


def _let_go(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _last_words(child: _Child, code: int) -> str:
    command = child.command
    lines = command.log.read_bytes()[child.log_begins :].decode(errors="replace").splitlines()[-8:]
    said = "\n".join(f"    {line}" for line in lines)
    reason = ExitCode(code).name.lower().replace("_", " ")
    return f"{command.name} ended with exit code {code} ({reason}); {command.log} says:\n{said}"
