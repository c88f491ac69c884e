"""A topic that is not there needs a person; a broker that does not answer needs time."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicCollection, Uuid
from confluent_kafka.admin import AdminClient

from pixelprose.kafkalog import KafkaSettings
from pixelprose.sink.positions import Positions
from pixelprose.streamkit import ExitCode, Stop, TopicPartition, Unavailable


class Admin:
    """Answers every question about a topic with one error, or with its identity and partitions."""

    def __init__(self, answer: int | SimpleNamespace) -> None:
        self.answer = answer

    def list_topics(self, timeout: float) -> SimpleNamespace:
        assert timeout > 0
        return SimpleNamespace(cluster_id="c")

    def describe_topics(
        self, asked: TopicCollection, request_timeout: float
    ) -> dict[str, Future[Any]]:
        assert request_timeout > 0
        answer: Future[Any] = Future()
        if isinstance(self.answer, int):
            answer.set_exception(KafkaException(KafkaError(self.answer)))
        else:
            answer.set_result(self.answer)
        return dict.fromkeys(asked.topic_names, answer)


def positions(answer: int | SimpleNamespace) -> Positions:
    admin = cast("AdminClient", Admin(answer))
    settings = KafkaSettings(bootstrap_servers="127.0.0.1:1", topic_prefix="mine.")
    return Positions(settings, admin=lambda _: admin)


def test_a_partition_is_known_by_its_cluster_its_topic_s_identity_and_its_number() -> None:
    identity = Uuid(1, 2)
    described = SimpleNamespace(
        topic_id=identity, partitions=[SimpleNamespace(id=0), SimpleNamespace(id=3)]
    )
    assert positions(described).app_ids(["t"]) == {
        TopicPartition("t", 0): f"c/{identity}/0",
        TopicPartition("t", 3): f"c/{identity}/3",
    }


def test_a_topic_that_is_not_there_needs_a_person() -> None:
    with pytest.raises(Stop, match="topics init") as stop:
        positions(KafkaError.UNKNOWN_TOPIC_OR_PART).app_ids(["t"])
    assert stop.value.code is ExitCode.BAD_CONFIGURATION


def test_an_answer_that_does_not_come_is_waited_for() -> None:
    with pytest.raises(Unavailable, match="kafka"):
        positions(KafkaError._TIMED_OUT).app_ids(["t"])
