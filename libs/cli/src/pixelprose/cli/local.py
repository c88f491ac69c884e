"""The whole pipeline on one machine: the embedded stack, and each service as a process."""

import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pixelprose.cli.counts import ServiceCounts, is_ready
from pixelprose.cli.errors import CommandError
from pixelprose.cli.supervisor import Command, Supervisor
from pixelprose.embedded import Stack
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import topic_list
from pixelprose.records.topic_admin import initialise

SERVICES: Mapping[str, str] = {
    "ingester": "pixelprose.ingester",
    "safety-filter": "pixelprose.safety_filter",
    "metadata-annotator": "pixelprose.metadata_annotator",
    "captioner": "pixelprose.captioner",
    "sink": "pixelprose.sink",
}
"""Service name to the module that runs it."""

BUCKET = "pixelprose"
_POLL_SECONDS = 0.2
READY_SECONDS = 600.0
"""The demo's models load in seconds; a slow disk or a busy machine takes minutes for PyTorch."""


class NotReady(CommandError):
    """A service did not come up in time; the message names it and its log."""


@dataclass(frozen=True, slots=True)
class LocalConfig:
    """What every service needs to know, as the one file that configures all of them.

    Attributes:
        sections: service sections by name (`ingester`, `captioner`...), on top of the shared ones.
    """

    stack: Stack
    folder: Path
    sections: Mapping[str, Mapping[str, Any]]

    @property
    def file(self) -> Path:
        """Where the configuration lies; any service can be started alone with it."""
        return self.folder / "pixelprose.yaml"

    def write(self) -> Path:
        """Write the file, readable by its owner alone, and return where it is."""
        access = self.stack.s3.access
        document = {
            "kafka": {"bootstrap_servers": self.stack.kafka.bootstrap_servers},
            "store": {
                "endpoint": access.endpoint,
                "bucket": BUCKET,
                "access_key": access.access_key,
                "secret_key": access.secret_key.get_secret_value(),
                "create_bucket": True,
            },
            **{name: dict(section) for name, section in self.sections.items()},
        }
        self.file.touch(mode=0o600)
        self.file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return self.file


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a service, with variables of its own."""

    name: str
    service: str
    env: Mapping[str, str] = field(default_factory=dict)


def one_of_each() -> tuple[Replica, ...]:
    """Return one process for each service."""
    return tuple(Replica(name, name) for name in SERVICES)


def on_gpus(gpus: Sequence[int]) -> tuple[Replica, ...]:
    """Return one captioner for each GPU, which sees no other; all else sees the first GPU alone."""
    first = {"CUDA_VISIBLE_DEVICES": str(gpus[0])}
    others = (Replica(name, name, first) for name in SERVICES if name != "captioner")
    captioners = (
        Replica(
            f"captioner-{gpu}",
            "captioner",
            {"CUDA_VISIBLE_DEVICES": str(gpu), "PIXELPROSE_SLOT": str(slot)},
        )
        for slot, gpu in enumerate(gpus)
    )
    return (*others, *captioners)


@dataclass(slots=True)
class LocalServices:
    """The services' processes under a supervisor, with their addresses."""

    supervisor: Supervisor
    config: LocalConfig
    replicas: Sequence[Replica] = field(default_factory=one_of_each)
    counts: dict[str, ServiceCounts] = field(default_factory=dict)

    def start(self) -> None:
        """Start every process; `wait_ready` tells when they read."""
        for replica in self.replicas:
            port = _free_port()
            self.counts[replica.name] = ServiceCounts(replica.name, f"http://127.0.0.1:{port}")
            self.supervisor.start(self._command(replica, port))

    def wait_ready(
        self,
        *,
        seconds: float,
        on_ready: Callable[[str], None],
        given_up: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Return when all read their topics, or it is given up; call `on_ready` for each.

        Raises:
            NotReady: the time is over.
            ServiceFailed: one ended with a code that a person must act on.
        """
        waiting, deadline = {one.name for one in self.replicas}, clock() + seconds
        while waiting and not given_up():
            self.supervisor.check()
            for name in sorted(waiting):
                if is_ready(self.counts[name].address):
                    waiting.discard(name)
                    on_ready(name)
            if waiting and clock() > deadline:
                names = ", ".join(sorted(waiting))
                raise NotReady(
                    f"not ready after {seconds:.0f} s: {names}; see their logs in "
                    f"{self.config.folder / 'logs'}"
                )
            time.sleep(_POLL_SECONDS)

    def refresh(self) -> None:
        """Look after the processes and read their counts."""
        self.supervisor.check()
        for counts in self.counts.values():
            counts.refresh()

    def _command(self, replica: Replica, port: int) -> Command:
        argv = (
            sys.executable,
            "-m",
            SERVICES[replica.service],
            "--config",
            str(self.config.file),
            "--until-stdin-closes",
        )
        env = {"PIXELPROSE_HTTP__PORT": str(port), "PIXELPROSE_LOG__FORMAT": "json", **replica.env}
        return Command(replica.name, argv, env, self._log(replica.name))

    def _log(self, name: str) -> Path:
        return self.config.folder / "logs" / f"{name}.log"


def initialise_locally(kafka: KafkaSettings, *, partitions: int | None = None) -> None:
    """Create the topics of a one-node cluster and every group's first positions.

    Raises:
        TopicsRefused: they are there already, with another number of partitions.
    """
    initialise(
        kafka,
        instance="live",
        partitions=partitions or topic_list().laptop_partitions,
        replication=1,
    )


def partitions_for(replicas: Sequence[Replica]) -> int:
    """Return how many partitions give each captioner two or more; as few as a laptop has if few."""
    captioners = sum(one.service == "captioner" for one in replicas)
    return max(topic_list().laptop_partitions, 2 * captioners)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
