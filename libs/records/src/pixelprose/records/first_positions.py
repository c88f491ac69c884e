"""First positions of groups: written once by an operator, never moved."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Final, TypeVar

from confluent_kafka import KafkaError, KafkaException

from pixelprose.kafkalog.observer import Lane, Observer
from pixelprose.kafkalog.settings import KafkaSettings

T = TypeVar("T")

_ASKS: Final = 100
_PAUSE_SECONDS: Final = 0.2
_ASK_AGAIN: Final = frozenset(
    {
        KafkaError._TIMED_OUT,  # noqa: SLF001 - the client's public name for it
        KafkaError._WAIT_COORD,  # noqa: SLF001 - as above
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - as above: the topic was made just now
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
    }
)


def write_first_positions(
    kafka: KafkaSettings,
    group: str,
    lanes: Sequence[Lane],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Put the group to the beginning of each partition where it has no position; tell if any.

    Raises:
        KafkaException: the broker does not answer or refuses.
    """
    with closing(Observer(kafka.client(), group=group, isolation="read_uncommitted")) as asked:
        known = _again(lambda: asked.positions(lanes), sleep)
        without = [lane for lane in lanes if lane not in known]
        if without:
            first = _again(lambda: asked.beginnings(without), sleep)
            _again(lambda: asked.move(first), sleep)
        return bool(without)


def _again(question: Callable[[], T], sleep: Callable[[float], None]) -> T:
    """Ask again for a while: a new cluster never answers the first question about a group."""
    for _ in range(_ASKS - 1):
        try:
            return question()
        except KafkaException as error:
            if error.args[0].code() not in _ASK_AGAIN:
                raise
            sleep(_PAUSE_SECONDS)
    return question()
