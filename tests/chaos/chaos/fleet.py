"""The services as processes: many replicas, kept running, and open to violence.

Not the supervisor of `pixelprose up`, which knows one replica of each and leaves some exit codes to
a person: here the nemesis plays that person.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

_RESTART_SECONDS = 0.3
_REAP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Name:
    """One replica of one service."""

    service: str
    slot: int

    def __str__(self) -> str:
        return f"{self.service}/{self.slot}"


@dataclass(slots=True)
class Replica:
    """A process that is kept running while `wanted`; `held` ones belong to one fault alone."""

    name: Name
    process: subprocess.Popen[bytes]
    wanted: bool = True
    held: bool = False


@dataclass(slots=True)
class Fleet:
    """All replicas of a schedule. Thread-safe; `keep` restarts what died.

    Attributes:
        modules: service name to the module that runs it.
        configs: files of services that do not use `config`.
        exits: how often a service ended with a code, by itself or by our hand.
    """

    modules: Mapping[str, str]
    config: Path
    configs: Mapping[str, Path]
    logs: Path
    python_path: Path
    replicas: dict[Name, Replica] = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)
    exits: Counter[tuple[str, int]] = field(default_factory=Counter)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, name: Name) -> Replica:
        """Start a replica; it is kept running from now on."""
        with self._lock:
            self.replicas[name] = Replica(name, self.spawn(name))
            return self.replicas[name]

    def spawn(self, name: Name) -> subprocess.Popen[bytes]:
        """A process of that name that nobody keeps running."""
        port, config = free_port(), self.configs.get(name.service, self.config)
        command = [sys.executable, "-m", self.modules[name.service]]
        env = {
            **os.environ,
            "PYTHONPATH": str(self.python_path),
            "PIXELPROSE_SLOT": str(name.slot),
            "PIXELPROSE_LOG__FORMAT": "json",
            "PIXELPROSE_HTTP__PORT": str(port),
            "OMP_NUM_THREADS": "1",
        }
        log = self.logs / f"{name.service}.{name.slot}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*command, "--config", str(config), "--until-stdin-closes"],
                env=env,
                stdin=subprocess.PIPE,  # it ends when we are gone, however we went
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.ports[process.pid] = port
        return process

    def ready(self, replica: Replica) -> bool:
        """Whether a replica says that it works."""
        url = f"http://127.0.0.1:{self.ports[replica.process.pid]}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=1.0) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False

    def adopt(self, name: Name, process: subprocess.Popen[bytes]) -> None:
        """Put a process of `spawn` in the place of the replica of that name, and keep it."""
        with self._lock:
            old = self.replicas.get(name)
            self.replicas[name] = Replica(name, process)
        if old is not None:
            self._end(old, signal.SIGKILL)

    def remove(self, name: Name, *, how: signal.Signals = signal.SIGTERM) -> int:
        """End a replica for good and return its exit code."""
        with self._lock:
            replica = self.replicas.pop(name)
            replica.wanted = False
        return self._end(replica, how)

    def of(self, service: str) -> Sequence[Replica]:
        """The replicas of a service."""
        with self._lock:
            return [r for name, r in sorted_items(self.replicas) if name.service == service]

    def all(self) -> Sequence[Replica]:
        """All replicas in order."""
        with self._lock:
            return [replica for _, replica in sorted_items(self.replicas)]

    def restart_dead(self) -> None:
        """Start again what has ended and is wanted."""
        with self._lock:
            for replica in self.replicas.values():
                code = replica.process.poll()
                if code is not None and replica.wanted:
                    self.exits[replica.name.service, code] += 1
                    _let_go(replica.process)
                    replica.process = self.spawn(replica.name)

    def keep(self, stopping: threading.Event) -> None:
        """Restart what dies until `stopping`."""
        while not stopping.wait(_RESTART_SECONDS):
            self.restart_dead()

    def stop(self) -> None:
        """End all, together: nothing may be left in flight."""
        with self._lock:
            replicas = list(self.replicas.values())
            self.replicas.clear()
        for replica in replicas:
            if replica.process.poll() is None:
                replica.process.send_signal(signal.SIGCONT)
                replica.process.send_signal(signal.SIGTERM)
        for replica in replicas:
            self._end(replica, None)  # a second SIGTERM would mean: at once

    def _end(self, replica: Replica, how: signal.Signals | None) -> int:
        process = replica.process
        if how is not None and process.poll() is None:
            process.send_signal(how)
        try:
            code = process.wait(_REAP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        _let_go(process)
        with self._lock:
            self.exits[replica.name.service, code] += 1
        return code


def wait_end(process: subprocess.Popen[bytes], *, seconds: float) -> int | None:
    """The exit code, or None if it still runs after `seconds`."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return process.poll()


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def sorted_items(replicas: Mapping[Name, Replica]) -> Sequence[tuple[Name, Replica]]:
    """Replicas in an order that a seed can rely on."""
    return sorted(replicas.items(), key=lambda item: str(item[0]))


def _let_go(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
