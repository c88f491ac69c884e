"""The operator does its work on a real broker, and outlives its own admin client."""

import os
import signal

import pytest
from confluent_kafka.admin import AdminClient

from chaos.cluster import NotYet, Operator, apart
from chaos.pipeline import PARTITIONS, SUBMITTED
from pixelprose.embedded import EmbeddedKafka
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records.topic_admin import initialise

pytestmark = pytest.mark.real


def test_positions_are_lost_and_restored(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)
    initialise(settings, instance="live", partitions=PARTITIONS, replication=1)
    operator, group = Operator(settings.client()), settings.group("ingester", "live")

    lanes = operator.positions(group)
    assert {topic for topic, _, _ in lanes} >= {f"{topic_prefix}{SUBMITTED}"}

    operator.delete_groups([group])
    with pytest.raises(NotYet, match="can't be read"):
        operator.positions(group)

    moved = [(topic, partition, 0) for topic, partition, _ in lanes]
    operator.move(group, moved)
    assert set(operator.positions(group)) == set(moved)

    operator.delete_topics(topic_prefix)
    known = AdminClient(settings.client()).list_topics(timeout=10).topics
    assert not [name for name in known if name.startswith(topic_prefix)]


def test_a_dead_admin_client_is_only_an_answer_that_did_not_come(kafka: EmbeddedKafka) -> None:
    with pytest.raises(NotYet, match="died"):
        apart({"bootstrap.servers": kafka.bootstrap_servers}, _die)


def _die(_: AdminClient) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)
