"""`pixelprose doctor`: what is missing here, and what to do about it."""

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    ConfigResource,
    ResourceType,
)
from rich.console import Console

from pixelprose.cli.choices import Output
from pixelprose.cli.client_settings import ClientSettings, client_settings
from pixelprose.cli.cluster import Cluster, Ends, Lane
from pixelprose.cli.printing import print_json
from pixelprose.cli.progress import aside, looking
from pixelprose.cli.unread import Oldest, advice_for, oldest_unread
from pixelprose.kafkalog import KafkaSettings, cluster_id
from pixelprose.kafkalog.stable_offsets import STALLED_SECONDS, Behind, advice, ages
from pixelprose.kafkalog.unread import ALARM_SHARE, WARNING_SHARE
from pixelprose.objectstore import (
    Expiry,
    StoreError,
    StoreLacks,
    StoreRefused,
    StoreSettings,
    open_store,
    probe,
)
from pixelprose.records import topic_list
from pixelprose.records.counted import counted
from pixelprose.streamkit import Stop, Unavailable

_FREE_BYTES = 5_000_000_000
_YEAR_MINUTES = 525_600
_SHORT_LIVED = ("quarantine/", "receipts/")
_STAYS = (
    "quarantine/ and receipts/ only grow, refused pictures among them. For a trial on one machine "
    "that is well (the server of `pixelprose up` has none); elsewhere take a store with lifecycle "
    "rules, or run `pixelprose expire --delete` once a day"
)
_SERVICES = ("ingester", "safety_filter", "metadata_annotator", "captioner", "sink")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` is empty where it is well.

    Attributes:
        urgent: whether what the advice is about must be mended; else it is a warning.
    """

    what: str
    advice: str = ""
    urgent: bool = True


def run_doctor(config: Path | None, console: Console, *, output: Output = Output.TEXT) -> bool:
    """Print every finding; return whether nothing must be mended."""
    shown = aside(output, console)
    findings = [*_machine()]
    try:
        settings = client_settings(config)
    except Stop as error:
        if config is not None:
            raise
        shown.print(f"[dim]no cluster is configured, so only this machine is looked at ({error})")
    else:
        with looking(shown, "Asking broker and store"):
            findings += [*_guarded("kafka", _kafka, settings), *_guarded("store", _store, settings)]
    if output is Output.JSON:
        print_json(findings)
    else:
        _show(findings, console)
    return not any(finding.advice and finding.urgent for finding in findings)


def _show(findings: Iterable[Finding], console: Console) -> None:
    for finding in findings:
        wrong = "[red]✗" if finding.urgent else "[yellow]!"
        mark = wrong if finding.advice else "[green]✓"
        console.print(f"{mark}[/] {finding.what}", highlight=False)
        if finding.advice:
            console.print(f"    {finding.advice}", highlight=False)


def _machine() -> Iterator[Finding]:
    yield Finding(f"Python {sys.version.split()[0]}")
    free = shutil.disk_usage(Path.cwd()).free
    yield Finding(
        f"{free / 1e9:.0f} GB free on this disk",
        "" if free >= _FREE_BYTES else "free some: 5 GB are wanted for Kafka, images and tables",
    )
    for module in _SERVICES:
        extra = module.replace("_", "-")
        there = find_spec(f"pixelprose.{module}") is not None
        yield Finding(
            f"service {extra}: {'installed' if there else 'not installed'}",
            "" if there else f"pip install 'pixelprose[{extra}]' on the machine that runs it",
        )


def _guarded(
    name: str, look: Callable[[ClientSettings], Iterator[Finding]], settings: ClientSettings
) -> Iterator[Finding]:
    try:
        yield from look(settings)
    except (KafkaException, StoreError, Stop, Unavailable) as error:
        yield Finding(name, str(error))


def _kafka(settings: ClientSettings) -> Iterator[Finding]:
    kafka = settings.kafka
    yield Finding(f"Kafka at {kafka.bootstrap_servers} is cluster {cluster_id(kafka)}")
    admin = AdminClient({**kafka.client(), "log_level": 0})
    yield _offsets_retention(admin)
    cluster = Cluster(kafka.client())
    found = cluster.partitions()
    listed = topic_list()
    wanted = [*(topic.name for topic in listed.topics), *listed.dead_letter_topics()]
    missing = [name for name in map(kafka.physical, wanted) if name not in found]
    advice = f"missing: {', '.join(missing)}; run `pixelprose topics init` once" if missing else ""
    yield Finding(f"{len(wanted) - len(missing)} of {len(wanted)} topics", advice)
    ends = cluster.ends((name, n) for name in found for n in found[name])
    yield _stable_offsets(kafka, ends)
    groups = [kafka.group(consumer, settings.instance) for consumer in listed.consumers()]
    positions = {group: cluster.positions(group) for group in groups}
    without = [group for group in groups if not positions[group]]
    advice = f"without: {', '.join(without)}; run `pixelprose topics init` once" if without else ""
    yield Finding(f"{len(groups) - len(without)} of {len(groups)} groups have positions", advice)
    behind = {
        group: lanes
        for group, known in positions.items()
        if (lanes := [at for at, to in known.items() if at in ends and to < ends[at].stable])
    }
    yield _unread(kafka, oldest_unread(kafka, admin, behind))


def _offsets_retention(admin: AdminClient) -> Finding:
    broker = next(iter(admin.list_topics(timeout=10).brokers))
    resource = ConfigResource(ResourceType.BROKER, str(broker))
    config = admin.describe_configs([resource])[resource].result(10)
    minutes = int(config["offsets.retention.minutes"].value)
    well = minutes >= _YEAR_MINUTES
    return Finding(
        f"positions of idle groups are kept for {minutes // 1440} days",
        ""
        if well
        else f"set offsets.retention.minutes={_YEAR_MINUTES} on the brokers: a group "
        "that is idle for longer loses its positions, and its services refuse to guess",
    )


def _stable_offsets(kafka: KafkaSettings, ends: Mapping[Lane, Ends]) -> Finding:
    """Whether a transaction is open for longer than its time-out: it hangs, and readers with it."""
    waiting = [
        Behind(at, one.stable, one.last) for at, one in ends.items() if one.stable < one.last
    ]
    told = ages(kafka.client(), waiting, now=time.time())
    hanging = [one for one, age in told.items() if age > STALLED_SECONDS]
    return Finding(
        f"{counted(len(waiting), 'partition')} with an open transaction, {len(hanging)} hanging",
        "; ".join(advice(one, servers=kafka.bootstrap_servers) for one in hanging),
    )


def _unread(kafka: KafkaSettings, oldest: Oldest | None) -> Finding:
    """Whether records are near to being deleted before anybody read them."""
    if oldest is None:
        return Finding("no unread record is going to be deleted by its age")
    what = f"oldest unread record: {oldest.share:.0%} of its topic's retention"
    if oldest.share <= WARNING_SHARE:
        return Finding(what)
    advice = advice_for(oldest, servers=kafka.bootstrap_servers)
    return Finding(what, advice, urgent=oldest.share > ALARM_SHARE)


def _store(settings: ClientSettings) -> Iterator[Finding]:
    if settings.store is None:
        yield Finding("no store is configured", "set PIXELPROSE_STORE__ENDPOINT and its siblings")
        return
    probe(open_store(settings.store))
    yield Finding(f"store at {settings.store.endpoint} honours conditional puts")
    yield _expiry(settings.store)


def _expiry(settings: StoreSettings) -> Finding:
    """Whether the store deletes by itself what is not to stay."""
    expiry = Expiry(settings)
    try:
        days = expiry.days()
    except StoreLacks:
        return Finding(
            "objects do not expire: this S3 server has no such rules", _STAYS, urgent=False
        )
    except StoreRefused as error:
        advice = f"run `pixelprose expire --delete` once a day ({error})"
        return Finding("the store has no rules by which objects expire", advice)
    finally:
        expiry.close()
    found = [f"{prefix} after {days[prefix]} d" for prefix in _SHORT_LIVED if prefix in days]
    without = [prefix for prefix in _SHORT_LIVED if prefix not in days]
    advice = (
        f"nothing expires below {', '.join(without)}: start the ingester once with rights on the "
        "bucket's lifecycle, or add rules by hand"
    )
    return Finding(f"objects expire: {', '.join(found) or 'none'}", advice if without else "")
