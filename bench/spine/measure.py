"""One run of one contestant: a flood for messages a second and CPU, a trickle for latency."""

import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from threading import Thread

from bench.spine import work
from bench.spine.cluster import Cluster
from bench.spine.workers import Process, cpu_seconds, running
from confluent_kafka import Consumer, TopicPartition

READY_SECONDS = 60.0
WARM_RECORDS = 1_000
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Flood:
    """Messages a second that became visible, and CPU microseconds of the worker for each."""

    per_second: float
    cpu_us: float


@dataclass(frozen=True, slots=True)
class Trickle:
    """Milliseconds from produce to a reader of committed records."""

    p50_ms: float
    p99_ms: float


def flood(  # noqa: PLR0913 - a run's facts, each by name
    cluster: Cluster, name: str, source: str, *, seconds: float, records: int, count: int, log: Path
) -> Flood:
    """Let a contestant work on what lies in `source`, for `seconds` after its first thousand."""
    target, task = _prepared(cluster, name, source)
    with running(name, task, count=count, log=log) as processes:
        first = _until(cluster, target, processes, least=WARM_RECORDS, seconds=READY_SECONDS)
        last = _until(cluster, target, processes, least=records, seconds=seconds)
    cluster.drop(target)
    done = last[1] - first[1]
    return Flood(done / (last[0] - first[0]), (last[2] - first[2]) / done * 1e6)


def trickle(cluster: Cluster, name: str, *, per_second: int, seconds: float, log: Path) -> Trickle:
    """Send records at a steady rate, and read them behind the contestant."""
    source = f"trickle.{secrets.token_hex(4)}"
    cluster.make(source)
    target, task = _prepared(cluster, name, source)
    with running(name, task, log=log) as processes:
        cluster.fill(source, WARM_RECORDS)
        _until(cluster, target, processes, least=WARM_RECORDS, seconds=READY_SECONDS)
        waits: list[float] = []
        count = round(per_second * seconds)
        reader = Thread(target=_read, args=(cluster.servers, target, count, waits))
        reader.start()
        for _ in cluster.feed(source, per_second=per_second, seconds=seconds):
            pass
        reader.join()
    cluster.drop(source)
    cluster.drop(target)
    if len(waits) < count:
        raise RuntimeError(f"{name}: only {len(waits)} of {count} records came; see {log}")
    cuts = quantiles(waits[per_second:], n=100)  # without the first second
    return Trickle(cuts[49] * 1e3, cuts[98] * 1e3)


def _prepared(cluster: Cluster, name: str, source: str) -> tuple[str, tuple[str, ...]]:
    group = f"{name}-{secrets.token_hex(4)}"
    target = f"done.{group}"
    cluster.make(target)
    cluster.position(source, f"bench.{group}")
    return target, (cluster.servers, source, target, group)


def _until(
    cluster: Cluster, target: str, processes: list[Process], *, least: int, seconds: float
) -> tuple[float, int, float]:
    """Time, visible records and CPU when there are `least`, or `seconds` are over."""
    deadline = time.monotonic() + seconds
    while True:
        cpu, visible, now = cpu_seconds(processes), cluster.visible(target), time.monotonic()
        if visible >= least or (now >= deadline and visible):
            return now, visible, cpu
        if now >= deadline:
            raise RuntimeError(f"no output within {seconds:.0f} s of {processes[0].args!r}")
        time.sleep(LOOK_SECONDS)


def _read(servers: str, target: str, count: int, waits: list[float]) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "bench.reader",  # required by the client; never joined
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 10,
        }
    )
    consumer.assign([TopicPartition(target, number, 0) for number in range(work.PARTITIONS)])
    while len(waits) < count and (message := consumer.poll(READY_SECONDS / 4)) is not None:
        sent = int(message.key() or 0)
        if message.error() is None and sent > WARM_RECORDS:  # the warm ones are numbered
            waits.append((time.time_ns() - sent) / 1e9)
    consumer.close()
