"""Submissions that a known-hash hit ended: the rejections' topic tells, and no table may."""

from dataclasses import dataclass
from datetime import datetime

from pixelprose.curator.topic import Topic
from pixelprose.records import BLOCKED, ImageRejected, Registry, RegistrySettings, Wire
from pixelprose.streamkit import Undecodable


@dataclass(frozen=True, slots=True)
class Blocked:
    """What the topic tells now.

    Attributes:
        submissions: who was blocked.
        since: the topic tells all from then on; None where it still holds its first record.
    """

    submissions: frozenset[str]
    since: datetime | None


def blocked(topic: Topic, registry: RegistrySettings) -> Blocked:
    """Return what the topic of rejections tells.

    Raises:
        LakeError: the topic is not there, or the broker stops answering.
        KafkaException: the broker does not answer or refuses.
        Unavailable: the registry does not answer.
    """
    wire = Wire(ImageRejected, Registry(registry))
    upto = topic.now()
    first = topic.first_kept(upto)
    begins: dict[int, datetime] = {}
    found = set()
    for record in topic.records(upto):
        if first[record.partition]:
            begins.setdefault(record.partition, record.at)
        # Few are: the others need no decoding. Avro has a string's bytes as they are.
        if BLOCKED.encode() in record.value:
            found |= _blocked(wire, record.value)
    return Blocked(frozenset(found), max(begins.values(), default=None))


def _blocked(wire: Wire[ImageRejected], value: bytes) -> set[str]:
    try:
        record = wire.decode(value)
    except Undecodable:
        return set()
    return {record.submission.submission_id} if record.reason == BLOCKED else set()
