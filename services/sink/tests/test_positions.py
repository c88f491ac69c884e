"""A topic that is not there needs a person; a broker that does not answer needs time."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from pixelprose.kafkalog import KafkaSettings
from pixelprose.sink.positions import Positions
from pixelprose.streamkit import ExitCode, Stop, Unavailable


class Admin:
    """Answers every question about a topic with one error."""

    def __init__(self, code: int) -> None:
        self.code = code

    def list_topics(self, timeout: float) -> SimpleNamespace:
        assert timeout > 0
        return SimpleNamespace(cluster_id="c")

    def describe_topics(self, _: object, request_timeout: float) -> dict[str, Future[Any]]:
        assert request_timeout > 0
        answer: Future[Any] = Future()
        answer.set_exception(KafkaException(KafkaError(self.code)))
        return {"t": answer}


def positions(code: int) -> Positions:
    admin = cast("AdminClient", Admin(code))
    return Positions(KafkaSettings(bootstrap_servers="127.0.0.1:1"), admin=lambda _: admin)


def test_a_topic_that_is_not_there_needs_a_person() -> None:
    with pytest.raises(Stop, match="topics init") as stop:
        positions(KafkaError.UNKNOWN_TOPIC_OR_PART).app_ids(["t"])
    assert stop.value.code is ExitCode.BAD_CONFIGURATION


def test_an_answer_that_does_not_come_is_waited_for() -> None:
    with pytest.raises(Unavailable, match="kafka"):
        positions(KafkaError._TIMED_OUT).app_ids(["t"])
