"""The way both servers start: room, claim, ports, process, proof that it answers."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pixelprose.embedded.errors import ServerFailed
from pixelprose.embedded.folder import check_room, claim
from pixelprose.embedded.ports import is_free
from pixelprose.embedded.process import ServerProcess

_PATIENCE_SECONDS = 30.0  # for the server of a dead starter to end
_PORT_RACES = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a server may take, and how much room it needs."""

    ready_seconds: float
    stop_seconds: float
    minimum_free_mib: int


def run_server(
    name: str,
    folder: Path,
    *,
    limits: Limits,
    prepare: Callable[[], Sequence[str]],
    is_ready: Callable[[], bool],
) -> ServerProcess:
    """A server that answers. ``prepare`` writes its files in the claimed folder, and its command.

    Raises DiskFull, FolderInUse or ServerFailed; then nothing runs.
    """
    check_room(folder, needed_mib=limits.minimum_free_mib)
    with _claimed(folder) as descriptor:
        process = ServerProcess(
            name,
            prepare(),
            log=folder / "server.log",
            claim=descriptor,
            grace_seconds=limits.stop_seconds,
        )
    try:
        process.await_ready(is_ready, deadline_seconds=limits.ready_seconds)
    except BaseException:
        process.kill()
        raise
    return process


def despite_port_races(
    settle: Callable[[], Sequence[int]], start: Callable[[Sequence[int]], ServerProcess]
) -> ServerProcess:
    """``start`` on the ports of ``settle``, again if somebody took one between the two.

    A fixed port that is taken makes ``settle`` raise PortInUse.
    """
    for _ in range(_PORT_RACES - 1):
        ports = settle()
        try:
            return start(ports)
        except ServerFailed:
            if all(map(is_free, ports)):
                raise
    return start(settle())


@contextmanager
def _claimed(folder: Path) -> Iterator[int]:
    """The claim, until the block ends; a server started inside keeps it."""
    descriptor = claim(folder, patience_seconds=_PATIENCE_SECONDS)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
