"""One server at a time on a data folder."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from pixelprose.embedded.errors import DiskFull, FolderInUse

_PAUSE_SECONDS = 0.1


def claim(
    folder: Path,
    *,
    patience_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """A file descriptor that owns ``folder`` for as long as any process holds it open.

    Hand it to the server: then the claim ends with the server and not with its starter. Where the
    last starter is dead, its server is on its way out, and ``patience_seconds`` are given to it.
    Raises FolderInUse.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "claim", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = clock() + patience_seconds
    while not _try_lock(descriptor):
        owner = _owner(descriptor)
        if _is_alive(owner) or clock() >= deadline:
            os.close(descriptor)
            raise FolderInUse(
                f"{folder} is in use by a server that process {owner} started;"
                " stop that one, or choose another data folder"
            )
        pause(_PAUSE_SECONDS)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid()}).encode(), 0)
    return descriptor


def check_room(
    folder: Path,
    *,
    needed_mib: int,
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> None:
    """Refuse to start a server where it would soon fail. Raises DiskFull."""
    folder.mkdir(parents=True, exist_ok=True)
    free_mib = free_bytes(folder) // 2**20
    if free_mib < needed_mib:
        raise DiskFull(
            f"{folder} has {free_mib} MiB free, under the {needed_mib} MiB that minimum_free_mib"
            " asks for; free some, or choose a data folder on another disk"
        )


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(descriptor: int) -> int:
    try:
        return int(json.loads(os.pread(descriptor, 100, 0))["pid"])
    except (ValueError, KeyError):
        return 0  # being written at this moment


def _is_alive(pid: int) -> bool:
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
