"""What a command costs: processor time of it and all it started, wall time, and most memory."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run, or the difference of two."""

    images: int
    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int

    def beyond(self, smaller: "Cost") -> "Cost":
        """What the images cost that only this run had: starting up falls out."""
        return Cost(
            self.images - smaller.images,
            self.cpu_seconds - smaller.cpu_seconds,
            self.wall_seconds - smaller.wall_seconds,
            self.memory_bytes,
        )

    @property
    def per_core(self) -> float:
        """Images per second of processor time."""
        return self.images / self.cpu_seconds


def run(argv: Sequence[str], *, log: Path, env: dict[str, str]) -> Cost:
    """Run a command to its end; its log's last line is `{"images": n}` or like it."""
    began, memory = time.monotonic(), 0
    with log.open("wb") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=subprocess.STDOUT, env=env)
        while True:
            # Unlike poll(), wait4() also tells what the process and its children used.
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            memory = max(memory, resident_bytes(process.pid))
            time.sleep(0.1)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{argv[0]} ended with {process.returncode}; see {log}")
    images = json.loads(log.read_text(errors="replace").strip().splitlines()[-1])["images"]
    return Cost(images, used.ru_utime + used.ru_stime, time.monotonic() - began, memory)


def cpu_seconds(pid: int) -> tuple[float, float]:
    """Processor seconds of a process, and of those below it."""
    own, *below = (cpu for cpu, _ in tree(pid))
    return own, sum(below)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and all below it; pages that they share count for each."""
    return sum(memory for _, memory in tree(pid))


def tree(pid: int) -> Iterator[tuple[float, int]]:
    """Processor seconds and resident bytes of a process and each below it."""
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                times = process.cpu_times()
                yield times.user + times.system, process.memory_info().rss
    except psutil.Error:
        return
