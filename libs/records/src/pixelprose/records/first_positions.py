"""First positions of groups: written once by an operator, never moved."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Final, TypeVar

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    OffsetSpec,
)

T = TypeVar("T")

_ASKS: Final = 30
_ASK_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.2
_ASK_AGAIN: Final = frozenset(
    {
        KafkaError._TIMED_OUT,  # noqa: SLF001 - the client's public name for it
        KafkaError._NOENT,  # noqa: SLF001 - "no leaders found": the topic was made just now
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
    }
)


def write_first_positions(
    admin: AdminClient,
    group: str,
    lanes: Sequence[TopicPartition],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Put the group to the beginning of each partition where it has no position; tell if any.

    Raises:
        KafkaException: the broker does not answer or refuses.
    """
    known = _again(lambda: _known(admin, group, lanes), sleep)
    without = [TopicPartition(at.topic, at.partition) for at in known if at.offset < 0]
    if not without:
        return False
    first = _again(lambda: _beginnings(admin, without), sleep)
    asked = ConsumerGroupTopicPartitions(group, first)
    _again(lambda: _answer(admin.alter_consumer_group_offsets([asked]), group), sleep)
    return True


def _known(
    admin: AdminClient, group: str, lanes: Sequence[TopicPartition]
) -> Sequence[TopicPartition]:
    asked = [ConsumerGroupTopicPartitions(group, list(lanes))]
    try:
        answer = admin.list_consumer_group_offsets(asked, request_timeout=_ASK_SECONDS)
        return _answer(answer, group)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return lanes
        raise


def _beginnings(admin: AdminClient, lanes: Sequence[TopicPartition]) -> list[TopicPartition]:
    # The client would not look again by itself for the leaders of a topic it has not seen.
    admin.list_topics(timeout=_ASK_SECONDS)
    asked = {lane: OffsetSpec.earliest() for lane in lanes}  # type: ignore[no-untyped-call]
    answer = admin.list_offsets(asked, request_timeout=_ASK_SECONDS)
    return [
        TopicPartition(at.topic, at.partition, future.result().offset)
        for at, future in answer.items()
    ]


def _answer(
    answer: Mapping[str, Future[ConsumerGroupTopicPartitions]], group: str
) -> Sequence[TopicPartition]:
    return answer[group].result().topic_partitions or ()


def _again(question: Callable[[], T], sleep: Callable[[float], None]) -> T:
    """Ask shortly and again: a new cluster never answers the first question about a group."""
    for _ in range(_ASKS - 1):
        try:
            return question()
        except KafkaException as error:
            if error.args[0].code() not in _ASK_AGAIN:
                raise
            sleep(_PAUSE_SECONDS)
    return question()
