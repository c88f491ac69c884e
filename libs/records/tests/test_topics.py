"""Topics: their names, their records and their configuration."""

from datetime import UTC, datetime

import pytest

from pixelprose.kafkalog import KafkaSettings
from pixelprose.kafkalog.settings import producer_configuration
from pixelprose.records import (
    CaptionAnnotated,
    ImageFetched,
    RegistrySettings,
    Rights,
    StreamSettings,
    record_of,
    topic_list,
    topic_of,
)
from pixelprose.records.files import packaged
from pixelprose.records.stream import version_of
from pixelprose.records.topic_admin import topic_configs
from pixelprose.streamkit import Message, Outgoing, Retries, TopicPartition
from pixelprose.streamkit.letters.dead import LONGEST_TEXT, DeadLetters

DAY_MS = 86_400_000
KAFKA = KafkaSettings(bootstrap_servers="127.0.0.1:1")


def test_a_record_has_its_topic_and_a_topic_its_record() -> None:
    assert topic_of(CaptionAnnotated) == "pixelprose.captions.annotated.v1"
    assert record_of("pixelprose.images.fetched.v1") is ImageFetched


def test_a_group_has_no_topic() -> None:
    with pytest.raises(KeyError):
        topic_of(Rights)


def test_an_unknown_topic_has_no_record() -> None:
    with pytest.raises(KeyError):
        record_of("pixelprose.images.lost.v1")


def test_every_consumer_of_every_topic_has_its_dead_letters() -> None:
    names = topic_list().dead_letter_topics()
    assert "pixelprose.images.screened.v1.metadata-annotator.image.dlq" in names
    assert len(names) == sum(len(topic.consumers) for topic in topic_list().topics) == 8


FETCHED, SCREENED = "pixelprose.images.fetched.v1", "pixelprose.images.screened.v1"
ANNOTATED, REJECTED = "pixelprose.images.annotated.v1", "pixelprose.images.rejected.v1"
GENERATED, CAPTIONS = "pixelprose.captions.generated.v1", "pixelprose.captions.annotated.v1"


@pytest.mark.parametrize(
    ("producer", "readers"),
    [
        ("ingester", {("safety-filter", FETCHED), ("sink.rejections", REJECTED)}),
        (
            "safety-filter",
            {("metadata-annotator.image", SCREENED), ("sink.rejections", REJECTED)},
        ),
        (
            "metadata-annotator.image",
            {("captioner", ANNOTATED), ("sink.images", ANNOTATED), ("sink.rejections", REJECTED)},
        ),
        ("captioner", {("metadata-annotator.caption", GENERATED), ("sink.rejections", REJECTED)}),
        (
            "metadata-annotator.caption",
            {("sink.captions", CAPTIONS), ("sink.rejections", REJECTED)},
        ),
        ("sink.captions", {("sink.rejections", REJECTED)}),
        ("sink.images", set()),
        ("sink.rejections", set()),
        ("sink.dead-letters", set()),
    ],
)
def test_a_service_waits_for_those_that_read_what_it_writes(
    producer: str, readers: set[tuple[str, str]]
) -> None:
    assert set(topic_list().downstream_of(producer)) == readers


def test_each_service_is_asked_and_no_record_in_a_retry_tier_counts() -> None:
    listed = topic_list()
    tiers = set(listed.retry_topics())
    assert tiers
    for producer in listed.consumers():
        assert tiers.isdisjoint(topic for _, topic in listed.downstream_of(producer))


def test_topics_are_as_the_list_says() -> None:
    configs = topic_configs(KAFKA, replication=1)
    assert configs["pixelprose.images.submitted.v1"] == {
        "cleanup.policy": "delete",
        "retention.ms": str(14 * DAY_MS),
        "segment.ms": str(DAY_MS),
        "max.message.bytes": "1048588",
    }
    assert configs["pixelprose.images.annotated.v1"] == {
        "cleanup.policy": "compact",
        "retention.ms": "-1",
        "min.compaction.lag.ms": str(14 * DAY_MS),
        "max.compaction.lag.ms": str(21 * DAY_MS),
        "segment.ms": str(DAY_MS),
        "max.message.bytes": "1048588",
    }
    assert configs["pixelprose.safety.incidents.v1"]["retention.ms"] == "-1"


def test_what_ends_by_age_is_known_with_its_days() -> None:
    days = topic_list().keep_days_by_topic()
    assert days["pixelprose.captions.generated.v1"] == 7
    assert days["pixelprose.images.submitted.v1.ingester.retry.1h"] == 14
    assert days["pixelprose.images.annotated.v1.captioner.dlq"] == 14
    assert "pixelprose.images.annotated.v1" not in days
    assert "pixelprose.safety.incidents.v1" not in days
    configs = topic_configs(KAFKA, replication=1).items()
    ending = {name: config["retention.ms"] for name, config in configs}
    assert {name: str(one * DAY_MS) for name, one in days.items()} == {
        name: kept for name, kept in ending.items() if kept != "-1"
    }


def test_dead_letters_may_be_twice_as_large_as_what_made_them() -> None:
    kafka = KAFKA.model_copy(update={"max_message_bytes": 5_000_000})
    configs = topic_configs(kafka, replication=1)
    limits = {name: int(config["max.message.bytes"]) for name, config in configs.items()}
    assert limits["pixelprose.images.fetched.v1"] > 5_000_000
    dead = limits["pixelprose.images.fetched.v1.safety-filter.dlq"]
    assert dead == 2 * limits["pixelprose.images.fetched.v1"]


@pytest.mark.parametrize("most", [1_000, 1_000_000, 100_000_000])
def test_what_a_topic_takes_its_retry_and_dead_letter_topics_take_with_our_headers(
    most: int,
) -> None:
    kafka = KAFKA.model_copy(update={"max_message_bytes": most})
    configs = topic_configs(kafka, replication=1)
    limits = {name: int(config["max.message.bytes"]) for name, config in configs.items()}
    (source,) = [topic for topic in topic_list().topics if topic.consumers == ("ingester",)]
    named = TopicPartition(source.name, 2**31 - 1)
    message = Message(named, 2**63 - 1, b"k", b"v", (), datetime.now(UTC))
    room = limits[source.name] + 1_000  # Kafka's own way of writing it all down
    for tier in topic_list().retry_tiers("ingester"):
        put_off = Retries([tier]).put_off(message, "r" * 249, least_seconds=0)
        assert put_off is not None
        assert size(put_off) + room < limits[tier.topic]
    letters = DeadLetters("ingester", version="9" * 100)
    letter = letters.of(message, "r" * 249, error_class="e" * 249, error_text="€" * LONGEST_TEXT)
    assert size(letter) + room < limits[letter.topic]
    ours = producer_configuration(kafka, transactional_id="g.0")["message.max.bytes"]
    assert size(letter) + room < int(ours) > max(limits[t] for t in topic_list().retry_topics())


def size(out: Outgoing) -> int:
    return len(out.value) + sum(len(name) + len(value) for name, value in out.headers)


def test_a_replicated_topic_survives_the_loss_of_one_broker_without_losing_writes() -> None:
    configs = topic_configs(KAFKA, replication=3)
    assert {config["min.insync.replicas"] for config in configs.values()} == {"2"}


def test_the_embedded_registry_is_the_default() -> None:
    assert StreamSettings(kafka=KAFKA).registry.is_embedded
    assert not RegistrySettings(url="https://registry.example").is_embedded


def test_an_unknown_registry_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="Extra inputs"):
        RegistrySettings.model_validate({"adress": "https://registry.example"})


def test_a_service_that_is_not_installed_says_so_in_its_version() -> None:
    assert version_of("nobody") == "0+source"


def test_the_readme_lists_every_topic() -> None:
    lines = (packaged().root / "README.md").read_text().splitlines()
    for topic in topic_list().topics:
        short = topic.name.removeprefix("pixelprose.").removesuffix(".v1")
        (line,) = [line for line in lines if line.startswith(f"| `{short}` |")]
        for word in (topic.record, topic.key, *topic.consumers):
            assert word in line
        if topic.keep_days:
            assert f"{topic.keep_days} d" in line
        assert ("compacted" in line) == (topic.compacted is not None)
