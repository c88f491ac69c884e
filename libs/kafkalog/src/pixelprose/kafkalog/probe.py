"""Whether Kafka is there: the first question of every process."""

import time
from collections.abc import Callable, Collection
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._metadata import ClusterMetadata

from pixelprose.kafkalog.settings import KafkaSettings
from pixelprose.streamkit.errors import Stop, Unavailable
from pixelprose.streamkit.exit_codes import ExitCode

ASK_SECONDS = 2.0
"""How long one question may take."""


def cluster_id(settings: KafkaSettings) -> str:
    """Return the cluster's own id, waiting for a broker.

    Raises:
        Unavailable: no broker answers within the start deadline.
        Stop: the settings are not valid.
    """
    return str(await_metadata(settings).cluster_id)


def partition_count(settings: KafkaSettings, topics: Collection[str]) -> int:
    """Return how many partitions these topics have together; one that is not there has none.

    Raises:
        Unavailable: no broker answers within the start deadline.
        Stop: the settings are not valid.
    """
    found = await_metadata(settings).topics
    named = [found[physical] for topic in topics if (physical := settings.physical(topic)) in found]
    return sum(len(topic.partitions) for topic in named)


def await_metadata(
    settings: KafkaSettings,
    *,
    topic: str | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> ClusterMetadata:
    """Return the cluster's metadata, of all topics or of one, waiting for a broker.

    Raises:
        Unavailable: no broker answers within the start deadline.
        Stop: the settings are not valid.
    """
    heard: list[KafkaError] = []
    # It logs nothing: an unanswered connect every second would bury what we say ourselves.
    quiet: dict[str, Any] = {**settings.client(), "log_level": 0, "error_cb": heard.append}
    try:
        admin = AdminClient(quiet)
    except KafkaException as error:
        raise Stop(ExitCode.BAD_CONFIGURATION, f"kafka settings: {error}") from error
    deadline = clock() + settings.start_deadline_seconds
    while True:
        try:
            if topic is None:
                return admin.list_topics(timeout=ASK_SECONDS)
            return admin.list_topics(topic, timeout=ASK_SECONDS)
        except KafkaException as error:
            admin.poll(0)
            if clock() >= deadline:
                said = heard[-1].str() if heard else str(error)
                raise Unavailable("kafka", _silence(settings, said)) from error
            sleep(0.1)


def _silence(settings: KafkaSettings, said: str) -> str:
    return (
        f"no broker answers at {settings.bootstrap_servers} for "
        f"{settings.start_deadline_seconds:g} s ({said}); start Kafka, or correct "
        "kafka.bootstrap_servers (PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS)"
    )
