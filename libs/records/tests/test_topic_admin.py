"""`topics init` on a real broker."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from pixelprose.embedded.kafka import EmbeddedKafka
from pixelprose.kafkalog import Appender, KafkaSettings
from pixelprose.records import ImageFetched, Registry, StreamSettings, topic_list
from pixelprose.records.stream import codec_for
from pixelprose.records.topic_admin import (
    Initialised,
    TopicsRefused,
    initialise,
    topic_configs,
)
from pixelprose.streamkit import Message, Retries
from pixelprose.streamkit import TopicPartition as LogPartition
from pixelprose.streamkit.letters import DeadLetters

pytestmark = pytest.mark.real

GROUPS = [
    "ingester.live",
    "safety-filter.live",
    "metadata-annotator.image.live",
    "captioner.live",
    "metadata-annotator.caption.live",
    "sink.captions.live",
    "sink.images.live",
    "sink.rejections.live",
    "sink.dead_letters.live",
]
SUBMITTED = "pixelprose.images.submitted.v1"


@pytest.fixture
def settings(kafka: EmbeddedKafka, topic_prefix: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)


@pytest.fixture
def admin(settings: KafkaSettings) -> AdminClient:
    return AdminClient({**settings.client(), "log_level": 0})


def init(settings: KafkaSettings, *, partitions: int = 2) -> Initialised:
    return initialise(settings, instance="live", partitions=partitions, replication=1)


def positions(admin: AdminClient, settings: KafkaSettings, group: str) -> Sequence[int]:
    asked = [ConsumerGroupTopicPartitions(f"{settings.topic_prefix}{group}")]
    answer = next(iter(admin.list_consumer_group_offsets(asked).values())).result()
    return [at.offset for at in sorted(answer.topic_partitions, key=lambda at: at.partition)]


def move(admin: AdminClient, settings: KafkaSettings, partition: int, offset: int) -> None:
    lane = TopicPartition(settings.physical(SUBMITTED), partition, offset)
    group = ConsumerGroupTopicPartitions(f"{settings.topic_prefix}ingester.live", [lane])
    next(iter(admin.alter_consumer_group_offsets([group]).values())).result()


def test_every_topic_and_every_first_position_is_there_after_the_first_run(
    settings: KafkaSettings, admin: AdminClient
) -> None:
    done = init(settings)
    listed = topic_list()
    expected = {topic.name for topic in listed.topics}
    expected |= {*listed.dead_letter_topics(), *listed.retry_topics()}
    assert set(done.created) == expected
    found = admin.list_topics(timeout=10).topics
    assert {len(found[settings.physical(name)].partitions) for name in expected} == {2}
    assert sorted(done.positioned) == sorted(f"{settings.topic_prefix}{group}" for group in GROUPS)
    for group in GROUPS:
        read = len(listed.read_by(group.removesuffix(".live")))
        assert positions(admin, settings, group) == [0, 0] * read


def test_the_first_positions_of_a_group_cover_its_retry_topics() -> None:
    tiers = topic_list().retry_tiers("ingester")
    assert [tier.seconds for tier in tiers] == [60, 600, 3600]
    assert topic_list().read_by("ingester") == (SUBMITTED, *(tier.topic for tier in tiers))
    assert topic_list().retry_tiers("captioner") == ()


def test_a_topic_is_made_with_its_configuration(
    settings: KafkaSettings, admin: AdminClient
) -> None:
    init(settings)
    name = settings.physical("pixelprose.images.annotated.v1")
    resource = ConfigResource(ResourceType.TOPIC, name)
    config = admin.describe_configs([resource])[resource].result()
    assert config["cleanup.policy"].value == "compact"
    assert int(config["min.compaction.lag.ms"].value) == 14 * 86_400_000


def limit(admin: AdminClient, name: str) -> int:
    resource = ConfigResource(ResourceType.TOPIC, name)
    return int(admin.describe_configs([resource])[resource].result()["max.message.bytes"].value)


def test_a_limit_that_is_too_low_is_raised_and_a_higher_one_stays(
    settings: KafkaSettings, admin: AdminClient
) -> None:
    low, high = (settings.physical(name) for name in topic_list().retry_topics()[:2])
    limits = {low: 1_048_588, high: 9_000_000}
    for made in admin.create_topics(
        [NewTopic(name, 2, 1, config={"max.message.bytes": str(n)}) for name, n in limits.items()]
    ).values():
        made.result()
    assert init(settings).raised == (low,)
    assert limit(admin, low) > 1_048_588
    assert limit(admin, high) == 9_000_000


def test_the_largest_record_that_its_topic_takes_can_be_put_off_and_dead_lettered(
    settings: KafkaSettings, admin: AdminClient
) -> None:
    tier, *_ = tiers = topic_list().retry_tiers("ingester")
    configs = topic_configs(settings, replication=1)
    for made in admin.create_topics(
        [
            NewTopic(settings.physical(name), 1, 1, config=configs[name])
            for name in (SUBMITTED, tier.topic, f"{SUBMITTED}.ingester.dlq")
        ]
    ).values():
        made.result()
    most = limit(admin, settings.physical(SUBMITTED))
    assert sent(settings, most) == KafkaError.MSG_SIZE_TOO_LARGE
    value = bytes(most - 100)  # what a batch of one record adds, at least
    assert sent(settings, len(value)) is None
    message = Message(LogPartition(SUBMITTED, 0), 0, None, value, (), datetime.now(UTC))
    put_off = Retries(tiers).put_off(message, "http_rate_limited", least_seconds=0)
    assert put_off is not None
    letter = DeadLetters("ingester", version="1").of(
        message, "undecodable", error_class="E", error_text="e" * 9_999
    )
    appender = Appender(settings, name="tests")
    appender.open()
    assert appender.append([put_off, letter])


def sent(settings: KafkaSettings, size: int) -> int | None:
    """Submit so many bytes, as a producer without our limits; return the broker's refusal."""
    refusals: list[KafkaError | None] = []
    producer = Producer({**settings.client(), "message.max.bytes": 9_000_000})
    producer.produce(
        settings.physical(SUBMITTED),
        bytes(size),
        partition=0,
        on_delivery=lambda refusal, _: refusals.append(refusal),
    )
    producer.flush(10)
    (refusal,) = refusals
    return refusal.code() if refusal else None


def test_a_second_run_changes_nothing(settings: KafkaSettings) -> None:
    init(settings)
    assert init(settings) == Initialised((), ())


def test_an_existing_position_is_never_moved(settings: KafkaSettings, admin: AdminClient) -> None:
    init(settings)
    move(admin, settings, 1, 5)
    assert init(settings).positioned == ()
    assert 5 in positions(admin, settings, "ingester.live")


def test_a_missing_position_beside_existing_ones_is_written(
    settings: KafkaSettings, admin: AdminClient
) -> None:
    admin.create_topics([NewTopic(settings.physical(SUBMITTED), 2, 1)])[
        settings.physical(SUBMITTED)
    ].result()
    move(admin, settings, 1, 5)
    assert settings.group("ingester", "live") in init(settings).positioned
    assert 5 in positions(admin, settings, "ingester.live")


def test_records_that_came_before_the_first_run_are_not_skipped(
    settings: KafkaSettings, admin: AdminClient
) -> None:
    name = settings.physical(SUBMITTED)
    admin.create_topics([NewTopic(name, 2, 1)])[name].result()
    producer = Producer(settings.client())
    producer.produce(name, b"v", partition=0)
    producer.flush(10)
    init(settings)
    assert set(positions(admin, settings, "ingester.live")) == {0}


def test_another_instance_gets_positions_of_its_own(settings: KafkaSettings) -> None:
    init(settings)
    done = initialise(settings, instance="again", partitions=2, replication=1)
    assert done.created == ()
    assert settings.group("captioner", "again") in done.positioned


def test_another_number_of_partitions_is_refused_and_nothing_is_done(
    settings: KafkaSettings, admin: AdminClient
) -> None:
    admin.create_topics([NewTopic(settings.physical(SUBMITTED), 3, 1)])[
        settings.physical(SUBMITTED)
    ].result()
    with pytest.raises(TopicsRefused, match="has 3 partitions, not 2"):
        init(settings)
    assert settings.physical("pixelprose.images.fetched.v1") not in admin.list_topics().topics


def test_a_codec_knows_the_cluster_that_positions_are_of(
    settings: KafkaSettings, kafka: EmbeddedKafka
) -> None:
    stream = StreamSettings(kafka=settings)
    codec = codec_for(stream, service="safety-filter")
    assert codec._passing.cluster == kafka.cluster_id
    assert Registry(stream.registry).id_of(ImageFetched.__name__)
