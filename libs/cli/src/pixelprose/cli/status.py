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
from pixelprose.cli.tally import Amount, Tally
from pixelprose.kafkalog import KafkaSettings, cluster_id
from pixelprose.kafkalog.stable_offsets import STALLED_SECONDS, Behind, advice, ages
from pixelprose.records import topic_list
from pixelprose.records.counted import counted
from pixelprose.records.topics import Topic


@dataclass(frozen=True, slots=True)
class TopicStatus:
    """One topic and a group that reads it; where nobody does, there is neither group nor lag.

    Attributes:
        kept, lag: committed records; where they are not exact, there are at most so many.
    """

    topic: str
    kept: int
    kept_exact: bool
    group: str | None = None
    lag: int | None = None
    lag_exact: bool | None = None


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
    """What a cluster holds.

    Attributes:
        dead_letters: by dead-letter topic, where there are any; decided about or not.
    """

    topics: list[TopicStatus]
    dead_letters: dict[str, Amount]
    open_transactions: list[OpenTransaction]


def run_status(config: Path | None, console: Console, *, output: Output = Output.TEXT) -> None:
    """Print one line per topic and group, then the dead-letter topics that are not empty."""
    with looking(aside(output, console), "Asking the broker"):
        settings = client_settings(config)
        found = status_of(settings)
    if output is Output.JSON:
        print_json(found)
    else:
        _show(found, settings.kafka, console)


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
    groups = {name: kafka.group(name, settings.instance) for name in listed.consumers()}
    positions = {group: cluster.positions(group) for group in groups.values()}
    tally = Tally(kafka, ends, list(positions.values()))

    def topic_status(topic: Topic) -> Iterator[TopicStatus]:
        name = kafka.physical(topic.name)
        kept = tally.kept(name)
        if not topic.consumers:
            yield TopicStatus(name, kept.count, kept.exact)
        for group in (groups[consumer] for consumer in topic.consumers):
            lag = tally.lag(name, positions[group])
            yield TopicStatus(name, kept.count, kept.exact, group, lag.count, lag.exact)

    topics = [one for topic in listed.topics for one in topic_status(topic)]
    dead = {name: kept for name in letters if (kept := tally.kept(name)).count}
    return Status(topics, dead, _open(kafka, ends))


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


def _show(status: Status, kafka: KafkaSettings, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("topic", overflow="fold")
    table.add_column("records", justify="right", no_wrap=True)
    table.add_column("read by", overflow="fold")
    table.add_column("lag", justify="right", no_wrap=True)
    for one in status.topics:
        kept = Amount(one.kept, exact=one.kept_exact)
        lag = "" if one.lag is None else str(Amount(one.lag, exact=bool(one.lag_exact)))
        table.add_row(short(one.topic, kafka), str(kept), short(one.group or "", kafka), lag)
    console.print(table)
    if any(not (one.kept_exact and one.lag_exact is not False) for one in status.topics):
        console.print("[dim]≤: at most so many; the ends of transactions are counted, too.")
    _show_dead_letters(status, kafka, console)
    for waiting in status.open_transactions:
        console.print(
            f"[dim]{waiting.topic} {waiting.partition}: a transaction is open for "
            f"{waiting.age_seconds:.0f} s ({counted(waiting.offsets_behind, 'offset')} behind it)"
        )
        if waiting.advice:
            console.print(f"[red]it hangs, readers are stuck[/]; {waiting.advice}", highlight=False)


def _show_dead_letters(status: Status, kafka: KafkaSettings, console: Console) -> None:
    if not status.dead_letters:
        console.print("\nNo dead letters.")
        return
    console.print("\n[yellow]Dead letters, by topic and reader:")
    for topic, kept in status.dead_letters.items():
        console.print(f"  {kept!s:>9}  {short(topic, kafka)}", highlight=False, soft_wrap=True)
    console.print("[dim]pixelprose dlq list shows those that nobody has decided about.")


def short(name: str, kafka: KafkaSettings) -> str:
    """Return a topic's or group's name as people say it: `images.fetched`."""
    name = name.removeprefix(kafka.topic_prefix).removesuffix(".live").removesuffix(".dlq")
    return name.removeprefix("pixelprose.").replace(".v1.", " ").removesuffix(".v1")
