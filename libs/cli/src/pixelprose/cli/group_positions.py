"""How far a group has come, also of a broker that has just started."""

import time
from collections.abc import Collection, Mapping
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from pixelprose.kafkalog import KafkaSettings
from pixelprose.kafkalog.observer import Lane, Observer

_TRIES: Final = 30
_PAUSE_SECONDS: Final = 0.5
_PASSING: Final = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    }
)
"""What a broker says of groups in its first seconds."""


def positions(kafka: KafkaSettings, lanes: Collection[Lane], group: str) -> Mapping[Lane, int]:
    """Return how far a group has come, where it has come anywhere.

    Raises:
        KafkaException: the broker does not answer.
    """
    observer = Observer(kafka.client(), group=group, isolation="read_committed")
    try:
        for left in reversed(range(_TRIES)):
            try:
                return observer.positions(lanes)
            except KafkaException as error:
                if not left or error.args[0].code() not in _PASSING:
                    raise
                time.sleep(_PAUSE_SECONDS)
    finally:
        observer.close()
    raise AssertionError("no tries")
