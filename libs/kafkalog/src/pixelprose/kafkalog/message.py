"""The client's messages as ours."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

from confluent_kafka import Message as KafkaMessage

from pixelprose.streamkit.errors import Stop
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.log import Message, TopicPartition

_Header = tuple[str, str | bytes | None]


def to_message(raw: KafkaMessage, at: TopicPartition) -> Message:
    """Return a message of `at`; repeated headers stay repeated, and what is null is empty."""
    offset = raw.offset()
    if offset is None:
        raise Stop(ExitCode.CLIENT_BROKEN, "the client delivered a message without an offset")
    headers = cast("Iterable[_Header]", raw.headers() or ())
    return Message(
        at=at,
        offset=offset,
        key=_bytes(raw.key()),
        value=_bytes(raw.value()) or b"",
        headers=tuple((name, _bytes(value) or b"") for name, value in headers),
        timestamp=datetime.fromtimestamp(max(0, raw.timestamp()[1]) / 1000, UTC),
    )


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
