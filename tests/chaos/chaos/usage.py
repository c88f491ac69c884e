"""What processes hold: of the servers after a schedule, of the services' while they live."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import psutil

from chaos.fleet import Fleet
from pixelprose.embedded import Stack

GROWN_UP_SECONDS: Final = 25.0
"""Before this age a process still imports, opens its pools and meets its first records.

Only after 10 s it looks at stable offsets for the first time, which takes two more clients a group.
"""

_LOOK_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process holds at one moment, with all its children."""

    process: str
    memory_bytes: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Life:
    """One process of a service, from when it was grown up until it was last seen.

    Attributes:
        seconds: between the two looks.
        settled: whether it was there when the schedule had come to rest.
    """

    seconds: float
    young: Usage
    old: Usage
    settled: bool


def of_servers(stack: Stack) -> Iterator[Usage]:
    """Of broker, store and this process; not of one that has ended."""
    servers = {"kafka": stack.kafka.process, "s3": stack.s3.process}
    pids = {name: process.pid for name, process in servers.items() if process.is_alive()}
    for name, pid in {**pids, "chaos": os.getpid()}.items():
        process = psutil.Process(pid)
        yield Usage(name, process.memory_info().rss, process.num_fds())


@dataclass(slots=True)
class Lives:
    """Looks at every replica of a fleet, again and again."""

    fleet: Fleet
    _first: dict[int, tuple[float, Usage]] = field(default_factory=dict)
    _last: dict[int, tuple[float, Usage]] = field(default_factory=dict)

    def watch(self, stopping: threading.Event) -> None:
        """Look until `stopping`."""
        while not stopping.wait(_LOOK_SECONDS):
            self.look()

    def look(self) -> frozenset[int]:
        """Look once; return the processes that were grown up and there."""
        seen = []
        for replica in self.fleet.all():
            pid = replica.process.pid
            try:
                process = psutil.Process(pid)
                if time.time() - process.create_time() < GROWN_UP_SECONDS:
                    continue
                usage = _with_children(process, replica.name.service)
            except psutil.Error:  # it ended just now
                continue
            self._last[pid] = time.monotonic(), usage
            self._first.setdefault(pid, self._last[pid])
            seen.append(pid)
        return frozenset(seen)

    def settled(self) -> tuple[Life, ...]:
        """Look a last time, and return all that was seen."""
        there = self.look()
        return tuple(
            Life(at - began, young, old, settled=pid in there)
            for pid, (began, young) in self._first.items()
            for at, old in (self._last[pid],)
        )


def _with_children(process: psutil.Process, name: str) -> Usage:
    family = [process, *process.children(recursive=True)]
    return Usage(
        name,
        sum(one.memory_info().rss for one in family),
        sum(one.num_fds() for one in family),
    )
