"""A server process that ends with us, keeps a log, and says why it failed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from pixelprose.embedded import leash
from pixelprose.embedded.errors import ServerFailed

_LOG_LIMIT_BYTES = 20 * 2**20
_TAIL_LINES = 15
_TAIL_BYTES = 8 * 2**10
_FULL_MIB = 16
_PAUSE_SECONDS = 0.05
_REAP_SECONDS = 10.0


class ServerProcess:
    """One running server. Its output is added to ``log``, which is set aside at 20 MiB."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        claim: int,
        grace_seconds: float,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._name = name
        self._free_bytes = free_bytes
        self._log = log
        self._grace_seconds = grace_seconds
        if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
            log.replace(log.with_name(f"{log.name}.1"))
        with log.open("ab") as output:
            self._leash = subprocess.Popen(  # noqa: S603 - our own command
                [
                    sys.executable,
                    "-I",
                    "-S",
                    leash.__file__,
                    f"{grace_seconds}",
                    f"{claim}",
                    *command,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                pass_fds=(claim,),
                start_new_session=True,  # Ctrl-C is ours to handle, in our order
            )
        if self._leash.stdout is None or self._leash.stdin is None:
            raise AssertionError("pipes were asked for")
        self._stdin = self._leash.stdin
        with self._leash.stdout as told:
            first_line = told.readline()
        self.pid = int(first_line) if first_line else 0

    def is_alive(self) -> bool:
        """Whether the server still runs."""
        return self._leash.poll() is None

    def await_ready(
        self,
        is_ready: Callable[[], bool],
        *,
        deadline_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Return once ``is_ready``. Raises ServerFailed when the server ends or time runs out."""
        deadline = clock() + deadline_seconds
        while not is_ready():
            if not self.is_alive():
                raise self.failure(f"ended with status {self._leash.returncode} at start")
            if clock() >= deadline:
                raise self.failure(f"did not answer within {deadline_seconds:g} s")
            pause(_PAUSE_SECONDS)

    def failure(self, what: str) -> ServerFailed:
        """The error that tells ``what`` happened, with the end of the log."""
        free_mib = self._free_bytes(self._log.parent) // 2**20
        full = f" (the disk is full: {free_mib} MiB free)" if free_mib < _FULL_MIB else ""
        return ServerFailed(
            f"{self._name} {what}{full}; its log {self._log} ends:\n{_tail(self._log)}"
        )

    def stop(self) -> None:
        """Ask the server to end, insist after the grace, and return when it has ended."""
        with suppress(BrokenPipeError):
            self._stdin.close()
        self._leash.wait(self._grace_seconds + _REAP_SECONDS)

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL)."""
        if self.is_alive() and self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.stop()


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    return "\n".join(f"  | {line}" for line in text.splitlines()[-_TAIL_LINES:])
