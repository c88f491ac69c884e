"""The ingester as it is deployed: a real Kafka, a real S3 store, receipts and claims."""

import re
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.ingest.process import Cost, cpu_seconds, tree

from pixelprose.cli.counts import is_ready
from pixelprose.cli.local import LocalConfig, initialise_locally
from pixelprose.cli.rows import SourceRow
from pixelprose.cli.submit import Submitter
from pixelprose.cli.supervisor import Command, Supervisor
from pixelprose.embedded import Stack, StackSettings
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import RegistrySettings, Rights

SECTION = {
    "originals": "none",  # as the peer
    "concurrency": 64,
    "guard": {"allowed_networks": ["127.0.0.0/8"], "allowed_ports": "any"},
    "limits": {"per_host": 64, "total_seconds": 60.0, "first_byte_seconds": 60.0},
    "decode": {"workers": 1},
    # The site is ours: nothing is measured but how fast we are when we may be.
    "manners": {
        "retry": False,
        "per_domain": {"requests_per_second": 100_000, "concurrency": 1_000},
    },
}
_FIRST_PORT = 18_431
_SAMPLE = re.compile(r'^(\w+)\{.*?(?:stage|kind|outcome)="(\w+)".*?\} (\S+)$', re.MULTILINE)
_PATIENCE_SECONDS = 300.0


@dataclass(slots=True)
class Deployed:
    """One or more processes of the service, and what they have done so far."""

    supervisor: Supervisor
    kafka: KafkaSettings
    processes: int
    batches: int = 0
    decoders_share: float = 0.0
    """Of the processor time of the last batch: what decoder processes took."""

    def ingest(self, urls: list[str]) -> Cost:
        """Submit these and wait for all; what it cost the processes of the service."""
        began, before, below = time.monotonic(), self._cpu(), self._decoders()
        wanted = self._emitted() + len(urls)
        self.batches += 1
        submitter = Submitter(
            self.kafka, RegistrySettings(), source="bench", identity=f"bench-{self.batches}"
        )
        rows = (SourceRow(number, url, None, Rights(), {}) for number, url in enumerate(urls))
        for _ in submitter.submit(rows, on_sent=lambda: None):
            pass
        while self._emitted() < wanted:
            self.supervisor.check()
            if time.monotonic() > began + _PATIENCE_SECONDS:
                raise SystemExit(f"not done: {self.figures()}")
            time.sleep(0.1)
        cpu, memory = self._cpu(), self._memory()
        self.decoders_share = (self._decoders() - below) / (cpu - before)
        return Cost(len(urls), cpu - before, time.monotonic() - began, memory)

    def figures(self) -> Mapping[str, float]:
        """Metrics of all processes, added: `name.label` to value."""
        sums: defaultdict[str, float] = defaultdict(float)
        for port in range(_FIRST_PORT, _FIRST_PORT + self.processes):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                text = answer.read().decode()
            for name, label, value in _SAMPLE.findall(text):
                sums[f"{name}.{label}"] += float(value)
        return sums

    def _emitted(self) -> int:
        return int(self.figures()["pixelprose_records_total.emitted"])

    def _cpu(self) -> float:
        return sum(sum(cpu_seconds(pid)) for pid in self.supervisor.pids().values())

    def _decoders(self) -> float:
        return sum(cpu_seconds(pid)[1] for pid in self.supervisor.pids().values())

    def _memory(self) -> int:
        pids = self.supervisor.pids().values()
        return sum(memory for pid in pids for _, memory in tree(pid))


@contextmanager
def deployed(folder: Path, *, processes: int) -> Iterator[Deployed]:
    """Start a stack in an empty folder, and the service on it."""
    folder.mkdir(parents=True)
    with Stack(StackSettings(data_dir=folder)) as stack, Supervisor() as supervisor:
        kafka = KafkaSettings(bootstrap_servers=stack.kafka.bootstrap_servers)
        initialise_locally(kafka)
        config = LocalConfig(stack, folder, {"ingester": SECTION}).write()
        for slot in range(processes):
            supervisor.start(_command(config, slot))
        for slot in range(processes):
            while not is_ready(f"http://127.0.0.1:{_FIRST_PORT + slot}"):
                supervisor.check()
                time.sleep(0.1)
        yield Deployed(supervisor, kafka, processes)


def _command(config: Path, slot: int) -> Command:
    argv = (sys.executable, "-m", "pixelprose.ingester", "--config", str(config))
    env = {
        "PIXELPROSE_SLOT": str(slot),
        "PIXELPROSE_HTTP__PORT": str(_FIRST_PORT + slot),
    }
    name = f"ingester-{slot}"
    return Command(name, (*argv, "--until-stdin-closes"), env, config.parent / f"{name}.log")
