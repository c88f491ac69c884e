"""Why a record of a topic may have no row: what each table leaves out on purpose."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from pixelprose.curator.check_topic import Absence, row_id_of
from pixelprose.curator.lake import LakeTable
from pixelprose.curator.topic import TopicRecord
from pixelprose.records import (
    BLOCKED,
    CaptionAnnotated,
    Group,
    ImageAnnotated,
    ImageRejected,
    Registry,
    RegistrySettings,
    Wire,
    topic_of,
)
from pixelprose.streamkit import Undecodable

FED_BY: Mapping[str, type[Group]] = {
    "captions": CaptionAnnotated,
    "images": ImageAnnotated,
    "rejections": ImageRejected,
}
"""Which record feeds a table; dead letters come from many topics and are not compared."""

Place: TypeAlias = tuple[int, int]
"""Partition and offset."""

_DEAD = "dead letters"


def topic_name(table: str) -> str:
    """Return the topic that feeds a table, without a deployment's prefix."""
    return topic_of(FED_BY[table])


def dead_places(letters: LakeTable, topic: str) -> frozenset[Place]:
    """Return the records of a topic that are dead letters.

    Raises:
        LakeError: a file is missing, or the store does not answer.
    """
    found = letters.records(
        "select record['partition'] as lane, record['offset'] as place from t "  # noqa: S608 - a name of ours
        f"where record['topic'] = '{topic}'"
    )
    return frozenset((row["lane"], row["place"]) for row in found)


def absence(table: str, registry: RegistrySettings, dead: frozenset[Place]) -> Absence:
    """Return what explains that a record of this table's topic has no row.

    Raises:
        Unavailable: the registry does not answer.
    """
    by_record = _BY_TABLE.get(table, _by_event)(Registry(registry))

    def explain(record: TopicRecord) -> str | None:
        if (record.partition, record.offset) in dead:
            return _DEAD
        try:
            return by_record(record)
        except Undecodable:
            # Its dead letter may lie in the topic still, and not in the table yet.
            return "undecodable"

    return explain


def _by_caption(known: Registry) -> Absence:
    wire = Wire(CaptionAnnotated, known)
    return lambda record: row_id_of(wire.decode(record.value).caption.row_id)


def _by_rejection(known: Registry) -> Absence:
    wire, by_event = Wire(ImageRejected, known), _by_event(known)

    def explain(record: TopicRecord) -> str | None:
        if wire.decode(record.value).reason == BLOCKED:
            return "known-hash hits (restricted)"
        return by_event(record)

    return explain


def _by_event(_known: Registry) -> Absence:
    return lambda record: row_id_of(record.event_id) if record.event_id else None


_BY_TABLE: Mapping[str, Callable[[Registry], Absence]] = {
    "captions": _by_caption,
    "rejections": _by_rejection,
}
