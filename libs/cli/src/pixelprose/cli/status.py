"""`pixelprose status`: records, lag and dead letters."""

import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pixelprose.cli.client_settings import client_settings
from pixelprose.cli.cluster import Cluster, Ends, Lane
from pixelprose.cli.errors import CommandError
from pixelprose.kafkalog import KafkaSettings, cluster_id
from pixelprose.kafkalog.stable_offsets import STALLED_SECONDS, Behind, advice, ages
from pixelprose.records import topic_list


def run_status(config: Path | None, console: Console) -> None:
    """Print one line per topic and group, then the dead-letter topics that are not empty."""
    settings = client_settings(config)
    kafka = settings.kafka
    cluster_id(kafka)
    cluster = Cluster(kafka.client())
    found = cluster.partitions()
    listed = topic_list()
    if kafka.physical(listed.topics[0].name) not in found:
        raise CommandError("there are no topics here yet; run `pixelprose topics init` once")
    names = [topic.name for topic in listed.topics] + list(listed.dead_letter_topics())
    lanes = [
        (kafka.physical(name), n) for name in names for n in found.get(kafka.physical(name), [])
    ]
    ends = cluster.ends(lanes)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("topic", overflow="fold")
    table.add_column("offsets kept", justify="right")
    table.add_column("group", overflow="fold")
    table.add_column("lag", justify="right")
    for topic in listed.topics:
        physical = kafka.physical(topic.name)
        kept = f"{_kept(ends, physical):,}"
        groups = [kafka.group(name, settings.instance) for name in topic.consumers] or [""]
        for group in groups:
            lag = _lag(ends, cluster.positions(group), physical) if group else ""
            table.add_row(physical, kept, group, f"{lag:,}" if lag != "" else "")
    console.print(table)
    _dead_letters([kafka.physical(name) for name in listed.dead_letter_topics()], ends, console)
    _waiting(kafka, ends, console)


def _dead_letters(topics: list[str], ends: dict[Lane, Ends], console: Console) -> None:
    full = {topic: kept for topic in topics if (kept := _kept(ends, topic))}
    if not full:
        console.print("\nNo dead letters.")
    for topic, kept in full.items():
        console.print(f"\n[yellow]{kept:,} offsets in {topic}")


def _waiting(kafka: KafkaSettings, ends: dict[Lane, Ends], console: Console) -> None:
    """Say where readers of committed records wait for an open transaction, and how long already."""
    found = [Behind(at, one.stable, one.last) for at, one in ends.items() if one.stable < one.last]
    told = ages(kafka.client(), found, now=time.time())
    for one in found:
        (topic, partition), age = one.lane, told.get(one, 0.0)
        console.print(
            f"[dim]{topic} {partition}: a transaction is open for {age:.0f} s "
            f"({one.end - one.stable} offsets behind it)"
        )
        if age > STALLED_SECONDS:
            way_out = advice(one, servers=kafka.bootstrap_servers)
            console.print(f"[red]it hangs, readers are stuck[/]; {way_out}", highlight=False)


def _kept(ends: dict[Lane, Ends], topic: str) -> int:
    return sum(lane.last - lane.first for (name, _), lane in ends.items() if name == topic)


def _lag(ends: dict[Lane, Ends], positions: dict[Lane, int], topic: str) -> int:
    return sum(
        max(0, lane.last - positions.get((name, n), lane.first))
        for (name, n), lane in ends.items()
        if name == topic
    )
