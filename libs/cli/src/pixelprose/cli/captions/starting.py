"""Where reading begins and ends: by the table, a time, a group's positions, or the topic."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pixelprose.cli.errors import CommandError
from pixelprose.curator import LakeTable
from pixelprose.curator.topic import Topic
from pixelprose.kafkalog import KafkaSettings
from pixelprose.kafkalog.observer import Lane, Observer
from pixelprose.records import CaptionAnnotated, topic_of

TOPIC: Final = topic_of(CaptionAnnotated)

_NOBODY: Final = "pixelprose-captions"


@dataclass(frozen=True, slots=True)
class Span:
    """Per partition the first offset to read, and where the topic ended when it was asked."""

    starts: Mapping[Lane, int]
    ends: Mapping[Lane, int]


def whole(kafka: KafkaSettings) -> Span:
    """Return everything that the topic keeps.

    Raises:
        CommandError: there is no caption topic.
        KafkaException: the broker does not answer.
    """
    name = kafka.physical(TOPIC)
    observer = Observer(kafka.client(), group=_NOBODY, isolation="read_committed")
    try:
        lanes = observer.partitions(name)
        if not lanes:
            raise CommandError(f"there is no topic {name} yet; run `pixelprose topics init` once")
        return Span(observer.beginnings(lanes), observer.ends(lanes))
    finally:
        observer.close()


def since(kafka: KafkaSettings, known: Span, moment: datetime) -> Span:
    """Return what of it is not older.

    Raises:
        KafkaException: the broker does not answer.
    """
    observer = Observer(kafka.client(), group=_NOBODY, isolation="read_committed")
    try:
        found = observer.since(known.starts, seconds=moment.timestamp())
    finally:
        observer.close()
    starts = {lane: at if at >= 0 else known.ends[lane] for lane, at in found.items()}
    return Span(starts, known.ends)


def after_table(
    kafka: KafkaSettings, known: Span, table: LakeTable, *, sunk: Mapping[Lane, int]
) -> Span:
    """Return what is on the topic and not in this version of the table.

    `sunk` is how far the sink's group had come before the table was opened. It appends before it
    moves on, so what lies before its position was dealt with: behind the table's last row there may
    be markers of transactions, and rows that it refused.

    Raises:
        CommandError: records in between are in neither.
        LakeError, KafkaException: the topic can't be asked.
    """
    app = Topic(kafka, TOPIC).identity()
    starts: dict[Lane, int] = {}
    for lane, first in known.starts.items():
        last = table.handle.transaction_version(f"{app}{lane[1]}")
        if last is None:
            starts[lane] = first
            continue
        starts[lane] = max(last + 1, sunk.get(lane, 0))
        if starts[lane] < first:
            raise CommandError(
                f"{lane[0]} {lane[1]}: the table ends at offset {last} and the topic begins at "
                f"{first}; what lies between is in neither, so there is no way over without a gap; "
                "`pixelprose table check` says more"
            )
    return Span(starts, known.ends)
