"""What the clients are given when a log subscribes, and what begins to look then."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from pixelprose.kafkalog import KafkaLog, KafkaSettings, StableOffsetWatch
from pixelprose.kafkalog.settings import Configuration, consumer_configuration

SETTINGS = KafkaSettings(bootstrap_servers="127.0.0.1:1", topic_prefix="t.")


class Nobody:
    """A membership that is told nothing."""

    def assigned(self, _: object) -> None: ...

    revoked = lost = assigned


@dataclass
class Clients:
    """In the place of Kafka's clients: remembers what each was made with."""

    consumer: Mapping[str, object] = field(default_factory=dict)
    producer: Mapping[str, object] = field(default_factory=dict)
    topics: Sequence[str] = ()

    def a_consumer(self, configuration: Configuration, **_: object) -> "Clients":
        self.consumer = dict(configuration)
        return self

    def a_producer(self, configuration: Configuration, **_: object) -> "Clients":
        self.producer = dict(configuration)
        return self

    def init_transactions(self, _: float) -> None: ...
    def close(self) -> None: ...

    def subscribe(self, topics: list[str], **_: Callable[..., None]) -> None:
        self.topics = topics


def subscribed(patch: pytest.MonkeyPatch, watch: StableOffsetWatch | None = None) -> Clients:
    clients = Clients()
    patch.setattr("pixelprose.kafkalog.log.Consumer", clients.a_consumer)
    patch.setattr("pixelprose.kafkalog.log.Producer", clients.a_producer)
    log = KafkaLog(SETTINGS, topics=("in",), service="tests", instance="live", slot=3, watch=watch)
    log.subscribe(Nobody())
    log.close()
    return clients


def test_the_consumer_is_given_what_reads_committed_records_and_guesses_no_position(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = subscribed(monkeypatch)
    assert given.topics == ["t.in"]
    assert given.consumer["enable.auto.commit"] is False
    assert given.consumer["auto.offset.reset"] == "error"
    assert given.consumer["isolation.level"] == "read_committed"
    assert given.consumer == consumer_configuration(SETTINGS, group="t.tests.live")


def test_the_producer_is_given_the_identity_of_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    given = subscribed(monkeypatch)
    assert given.producer["transactional.id"] == "t.tests.live.3"
    assert given.producer["max.in.flight.requests.per.connection"] == 1
