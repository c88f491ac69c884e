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

YOUNG_SECONDS: Final = 35.0
"""Until this age a process still imports, opens its pools, meets its first records, and takes two
more clients a group for its first look at stable offsets, which is due after 10 s."""

_LOOK_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process holds at one moment, with all its children."""

    process: str
    memory_bytes: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Life:
    """One process of a service that has grown up.

    Attributes:
        seconds: from then until it was last seen.
        young: the most that it held while it was young.
        old: what it held when it was last seen.
        settled: whether that was when the schedule had come to rest.
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
    _young: dict[int, Usage] = field(default_factory=dict)
    _old: dict[int, tuple[float, Usage]] = field(default_factory=dict)

    def watch(self, stopping: threading.Event) -> None:
        """Look until `stopping`."""
        while not stopping.wait(_LOOK_SECONDS):
            self.look()

    def look(self) -> frozenset[int]:
        """Look once; return the processes that were there."""
        seen = []
        for replica in self.fleet.all():
            pid = replica.process.pid
            try:
                process = psutil.Process(pid)
                age = time.time() - process.create_time()
                usage = _with_children(process, replica.name.service)
            except psutil.Error:  # it ended just now
                continue
            if age < YOUNG_SECONDS:
                self._young[pid] = _most(self._young.get(pid, usage), usage)
            elif pid in self._young:
                self._old[pid] = age - YOUNG_SECONDS, usage
            seen.append(pid)
        return frozenset(seen)

    def settled(self) -> tuple[Life, ...]:
        """Look a last time, and return the lives of all that have grown up."""
        there = self.look()
        return tuple(
            Life(seconds, self._young[pid], old, settled=pid in there)
            for pid, (seconds, old) in self._old.items()
        )


def _most(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.process,
        max(one.memory_bytes, other.memory_bytes),
        max(one.descriptors, other.descriptors),
    )


def _with_children(process: psutil.Process, name: str) -> Usage:
    family = [process, *process.children(recursive=True)]
    return Usage(
        name,
        sum(one.memory_info().rss for one in family),
        sum(one.num_fds() for one in family),
    )
