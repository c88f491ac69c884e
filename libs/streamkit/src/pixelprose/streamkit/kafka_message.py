"""The client's messages as ours."""

from datetime import UTC, datetime
from typing import cast

from confluent_kafka import Message as KafkaMessage

from pixelprose.streamkit.log import Message, TopicPartition


def to_message(raw: KafkaMessage, topic: str) -> Message:
    """Return a message under its logical topic; repeated headers stay repeated."""
    partition, offset = raw.partition(), raw.offset()
    headers = cast("list[tuple[str, str | bytes | None]]", raw.headers() or [])
    assert partition is not None and offset is not None  # noqa: S101, PT018 - it was delivered
    return Message(
        at=TopicPartition(topic, partition),
        offset=offset,
        key=_bytes(raw.key()),
        value=_bytes(raw.value()) or b"",
        headers=tuple((name, _bytes(value) or b"") for name, value in headers),
        timestamp=datetime.fromtimestamp(raw.timestamp()[1] / 1000, UTC),
    )


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
