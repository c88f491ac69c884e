"""Records that must wait: put off to a topic of a fixed delay, and brought back as they were.

One delay per topic keeps a partition in the order in which its records come due, so the first one
that is not due says that none behind it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pixelprose.streamkit.log import Message, Outgoing, TopicPartition

COUNT = "retry_count"
_TOPIC = "retry_topic"
_PARTITION = "retry_partition"
_OFFSET = "retry_offset"
_REASON = "retry_reason"
_OURS = frozenset({COUNT, _TOPIC, _PARTITION, _OFFSET, _REASON})


@dataclass(frozen=True, slots=True)
class Tier:
    """A retry topic and how long its records wait."""

    topic: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Retries:
    """The retry topics of one runner, the shortest delay first; by default none."""

    tiers: Sequence[Tier] = ()

    def put_off(self, message: Message, reason: str, *, least_seconds: float) -> Outgoing | None:
        """`message` on its way to the next tier; None when it has used them all."""
        count = retries_of(message)
        if count >= len(self.tiers):
            return None
        long_enough = [t for t in self.tiers[count:] if t.seconds >= least_seconds]
        tier = long_enough[0] if long_enough else self.tiers[-1]
        ours = {
            COUNT: count + 1,
            _TOPIC: message.at.topic,
            _PARTITION: message.at.partition,
            _OFFSET: message.offset,
            _REASON: reason,
        }
        headers = tuple((name, value) for name, value in message.headers if name not in _OURS)
        added = tuple((name, str(value).encode()) for name, value in ours.items())
        return Outgoing(tier.topic, message.key, message.value, (*headers, *added))

    def brought_back(self, message: Message) -> Message:
        """`message` as it stood on its first topic, with the count of its retries.

        What is on a retry topic and was not put there by `put_off` stays what it is.
        """
        if message.at.topic not in self.topics:
            return message
        known = dict(message.headers)
        partition, offset = _number(known.get(_PARTITION)), _number(known.get(_OFFSET))
        if partition is None or offset is None or _TOPIC not in known:
            return message
        kept = tuple((n, v) for n, v in message.headers if n == COUNT or n not in _OURS)
        at = TopicPartition(known[_TOPIC].decode(errors="replace"), partition)
        return replace(message, at=at, offset=offset, headers=kept)

    def wait_seconds(self, message: Message, *, now: datetime) -> float:
        """How long a message of a retry topic must still wait; 0 for any other."""
        delay = next((t.seconds for t in self.tiers if t.topic == message.at.topic), 0.0)
        return max(0.0, delay - (now - message.timestamp).total_seconds()) if delay else 0.0

    @property
    def topics(self) -> frozenset[str]:
        """The names of the retry topics."""
        return frozenset(tier.topic for tier in self.tiers)


def retries_of(message: Message) -> int:
    """Return how often a message was put off, by its header."""
    return _number(dict(message.headers).get(COUNT)) or 0


def _number(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
