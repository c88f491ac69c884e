"""How large a record each topic takes; topics that took less are raised, none is lowered."""

from collections.abc import Mapping
from typing import Final

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from pixelprose.kafkalog import KafkaSettings

LIMIT: Final = "max.message.bytes"

_HEADROOM_BYTES: Final = 48_588
"""What a batch of one record adds to its bytes, generously: the default limit is Kafka's own."""
_RETRY_ROOM_BYTES: Final = 16_384
"""What putting off adds: five headers, of which a topic's name, 249 bytes at most, is the longest.

A producer of our settings takes it, whatever `max_message_bytes` is: twice that, and 64 KiB more.
"""
_TIMEOUT_SECONDS: Final = 30.0


def of_topic(kafka: KafkaSettings) -> int:
    """Return what a topic of records takes."""
    return kafka.max_message_bytes + _HEADROOM_BYTES


def of_retry_topic(kafka: KafkaSettings) -> int:
    """Return what a retry topic takes: all that its source takes, and what putting off adds."""
    return of_topic(kafka) + _RETRY_ROOM_BYTES


def raise_limits(admin: AdminClient, wanted: Mapping[str, int]) -> tuple[str, ...]:
    """Let topics take at least so many bytes, and return those that took less.

    `wanted` is by the topics' names on the broker; all of them are there.

    Raises:
        KafkaException: the broker does not answer or refuses.
    """
    if not wanted:
        return ()
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in wanted]
    found = {
        resource.name: int(future.result(_TIMEOUT_SECONDS)[LIMIT].value)
        for resource, future in admin.describe_configs(resources).items()
    }
    small = tuple(name for name in wanted if found[name] < wanted[name])
    changes = [_set(name, wanted[name]) for name in small]
    if changes:
        for future in admin.incremental_alter_configs(changes).values():
            future.result(_TIMEOUT_SECONDS)
    return small


def _set(topic: str, limit: int) -> ConfigResource:
    entry = ConfigEntry(LIMIT, str(limit), incremental_operation=AlterConfigOpType.SET)
    return ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
