"""Why a record of a topic may have no row: what each table leaves out on purpose."""

from collections.abc import Mapping

from pixelprose.curator.check_topic import Absence, row_id_of
from pixelprose.curator.topic import TopicRecord
from pixelprose.records import (
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

_UNREADABLE = "undecodable (dead letters)"


def topic_name(table: str) -> str | None:
    """Return the topic that feeds a table, without a deployment's prefix."""
    return topic_of(FED_BY[table]) if table in FED_BY else None


def absence(table: str, registry: RegistrySettings) -> Absence:
    """Return what explains that a record of this table's topic has no row.

    Raises:
        Unavailable: the registry does not answer.
    """
    known = Registry(registry)
    if table == "captions":
        captions = Wire(CaptionAnnotated, known)

        def caption(record: TopicRecord) -> str | None:
            try:
                return row_id_of(captions.decode(record.value).caption.row_id)
            except Undecodable:
                return _UNREADABLE

        return caption
    if table == "rejections":
        rejections = Wire(ImageRejected, known)

        def rejection(record: TopicRecord) -> str | None:
            try:
                blocked = rejections.decode(record.value).reason == "blocked"
            except Undecodable:
                return _UNREADABLE
            return "known-hash hits (restricted)" if blocked else _by_event(record)

        return rejection
    return _by_event


def _by_event(record: TopicRecord) -> str | None:
    return row_id_of(record.event_id) if record.event_id else None
