import pytest
from pydantic import SecretStr, ValidationError

from pixelprose.kafkalog import KafkaSettings
from pixelprose.kafkalog.settings import consumer_configuration, producer_configuration

SETTINGS = KafkaSettings(bootstrap_servers="kafka:9092", topic_prefix="t.", max_message_bytes=5_000)


def test_names_carry_the_prefix() -> None:
    assert SETTINGS.physical("pixelprose.images") == "t.pixelprose.images"
    assert SETTINGS.group("metadata-annotator.image", "live") == "t.metadata-annotator.image.live"


def test_the_consumer_reads_committed_records_and_guesses_no_position() -> None:
    found = consumer_configuration(SETTINGS, group="g")
    assert {
        "bootstrap.servers": "kafka:9092",
        "group.id": "g",
        "group.protocol": "consumer",
        "group.remote.assignor": "range",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "metadata.recovery.strategy": "rebootstrap",
    }.items() <= found.items()
    assert 50 <= int(found["fetch.wait.max.ms"]) <= 100


@pytest.mark.parametrize(
    "refused",
    [
        "session.timeout.ms",
        "heartbeat.interval.ms",
        "partition.assignment.strategy",
        "group.instance.id",
    ],
)
def test_what_the_new_group_protocol_refuses_is_not_set(refused: str) -> None:
    assert refused not in consumer_configuration(SETTINGS, group="g")


def test_the_producer_is_transactional_and_partitions_as_java_does() -> None:
    found = producer_configuration(SETTINGS, transactional_id="g.0")
    assert {
        "transactional.id": "g.0",
        "transaction.timeout.ms": 60_000,
        "partitioner": "murmur2_random",
        "metadata.recovery.strategy": "none",
        "max.in.flight.requests.per.connection": 1,
    }.items() <= found.items()
    assert 5 <= int(found["retry.backoff.ms"]) <= 20
    assert int(found["message.max.bytes"]) > 2 * SETTINGS.max_message_bytes


def test_a_password_is_opened_for_the_client_alone() -> None:
    secret = SETTINGS.model_copy(
        update={"security_protocol": "SASL_SSL", "sasl_password": SecretStr("hush")}
    )
    assert "hush" not in secret.model_dump_json()
    assert consumer_configuration(secret, group="g")["sasl.password"] == "hush"


@pytest.mark.parametrize("wrong", [{"topic_prefix": "a/b"}, {"bootstrap_servers": ""}])
def test_what_kafka_would_refuse_is_refused_before(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        KafkaSettings.model_validate({"bootstrap_servers": "kafka:9092", **wrong})
