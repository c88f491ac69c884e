"""`pixelprose status`: records, lag and dead letters."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pixelprose.cli.choices import Output
from pixelprose.cli.client_settings import ClientSettings, client_settings
from pixelprose.cli.cluster import Cluster, Ends, Lane
from pixelprose.cli.errors import CommandError
from pixelprose.cli.printing import print_json
from pixelprose.cli.progress import aside, looking
from pixelprose.kafkalog import KafkaSettings, cluster_id
from pixelprose.kafkalog.stable_offsets import STALLED_SECONDS, Behind, advice, ages
from pixelprose.records import topic_list
from pixelprose.records.topics import Topic


@dataclass(frozen=True, slots=True)
class TopicStatus:
    """One topic and a group that reads it; where nobody does, there is neither group nor lag."""

    topic: str
    kept: int
    group: str | None = None
    lag: int | None = None


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """Where readers of committed records wait; `advice` says what to do where it hangs."""

    topic: str
    partition: int
    age_seconds: float
    offsets_behind: int
    advice: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """What a cluster holds, in offsets."""

    topics: list[TopicStatus]
    dead_letters: dict[str, int]
    open_transactions: list[OpenTransaction]


def run_status(config: Path | None, console: Console, *, output: Output = Output.TEXT) -> None:
    """Print one line per topic and group, then the dead-letter topics that are not empty."""
    with looking(aside(output, console), "Asking the broker"):
        found = status_of(client_settings(config))
    if output is Output.JSON:
        print_json(found)
    else:
        _show(found, console)


def status_of(settings: ClientSettings) -> Status:
    """Ask the broker.

    Raises:
        CommandError: there are no topics yet.
        KafkaException, Unavailable: it does not answer.
    """
    kafka = settings.kafka
    cluster_id(kafka)
    cluster = Cluster(kafka.client())
    found = cluster.partitions()
    listed = topic_list()
    if kafka.physical(listed.topics[0].name) not in found:
        raise CommandError("there are no topics here yet; run `pixelprose topics init` once")
    letters = [kafka.physical(name) for name in listed.dead_letter_topics()]
    names = [*(kafka.physical(topic.name) for topic in listed.topics), *letters]
    ends = cluster.ends((name, n) for name in names for n in found.get(name, []))
    topics = [one for topic in listed.topics for one in _topic(topic, settings, cluster, ends)]
    dead = {topic: kept for topic in letters if (kept := _kept(ends, topic))}
    return Status(topics, dead, _open(kafka, ends))


def _topic(
    topic: Topic, settings: ClientSettings, cluster: Cluster, ends: dict[Lane, Ends]
) -> Iterator[TopicStatus]:
    name = settings.kafka.physical(topic.name)
    kept = _kept(ends, name)
    if not topic.consumers:
        yield TopicStatus(name, kept)
    for consumer in topic.consumers:
        group = settings.kafka.group(consumer, settings.instance)
        yield TopicStatus(name, kept, group, _lag(ends, cluster.positions(group), name))


def _open(kafka: KafkaSettings, ends: dict[Lane, Ends]) -> list[OpenTransaction]:
    found = [Behind(at, one.stable, one.last) for at, one in ends.items() if one.stable < one.last]
    told = ages(kafka.client(), found, now=time.time())
    return [
        OpenTransaction(
            topic=one.lane[0],
            partition=one.lane[1],
            age_seconds=(age := told.get(one, 0.0)),
            offsets_behind=one.end - one.stable,
            advice=advice(one, servers=kafka.bootstrap_servers) if age > STALLED_SECONDS else None,
        )
        for one in found
    ]


def _show(status: Status, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("topic", overflow="fold")
    table.add_column("offsets kept", justify="right")
    table.add_column("group", overflow="fold")
    table.add_column("lag", justify="right")
    for one in status.topics:
        lag = "" if one.lag is None else f"{one.lag:,}"
        table.add_row(one.topic, f"{one.kept:,}", one.group or "", lag)
    console.print(table)
    if not status.dead_letters:
        console.print("\nNo dead letters.")
    for topic, kept in status.dead_letters.items():
        console.print(f"\n[yellow]{kept:,} offsets in {topic}")
    for waiting in status.open_transactions:
        console.print(
            f"[dim]{waiting.topic} {waiting.partition}: a transaction is open for "
            f"{waiting.age_seconds:.0f} s ({waiting.offsets_behind} offsets behind it)"
        )
        if waiting.advice:
            console.print(f"[red]it hangs, readers are stuck[/]; {waiting.advice}", highlight=False)


def _kept(ends: dict[Lane, Ends], topic: str) -> int:
    return sum(lane.last - lane.first for (name, _), lane in ends.items() if name == topic)


def _lag(ends: dict[Lane, Ends], positions: dict[Lane, int], topic: str) -> int:
    return sum(
        max(0, lane.last - positions.get((name, n), lane.first))
        for (name, n), lane in ends.items()
        if name == topic
    )
