"""Unread records grow old on a real broker: the service's metric and the doctor say so."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from rich.console import Console

from pixelprose.cli.doctor import run_doctor
from pixelprose.cli.topics_init import run_topics_init
from pixelprose.embedded import EmbeddedKafka
from pixelprose.kafkalog import KafkaLog, KafkaSettings, hearing
from pixelprose.records import ImageAnnotated, ImageSubmitted, StreamSettings, topic_of
from pixelprose.records.stream import kafka_log
from pixelprose.streamkit import Committed, Metrics, TopicPartition

pytestmark = pytest.mark.real

TOPIC = topic_of(ImageSubmitted)
LANE = TopicPartition(TOPIC, 1)
DAY_SECONDS = 86_400
PATIENCE_SECONDS = 30.0


@pytest.fixture
def settings(kafka: EmbeddedKafka, topic_prefix: str) -> StreamSettings:
    return StreamSettings(
        kafka=KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)
    )


@pytest.fixture
def config(settings: StreamSettings, tmp_path: Path) -> Path:
    file = tmp_path / "pixelprose.yaml"
    file.write_text(yaml.safe_dump({"kafka": settings.kafka.model_dump(exclude_defaults=True)}))
    run_topics_init(file, 2, 1, Console(quiet=True))
    return file


@pytest.fixture
def a_week_old(settings: StreamSettings, config: Path) -> None:
    """A record that nobody read for half of its topic's retention, and a compacted one as old."""
    del config  # the topics are there
    producer = Producer(settings.kafka.client())
    written = round(1_000 * (time.time() - 7.1 * DAY_SECONDS))
    for topic in (TOPIC, topic_of(ImageAnnotated)):
        name = settings.kafka.physical(topic)
        producer.produce(name, b"old", b"key", partition=1, timestamp=written)
    assert producer.flush(PATIENCE_SECONDS) == 0


class Member:
    """Owns what it is given."""

    def __init__(self) -> None:
        self.owned: set[TopicPartition] = set()

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        self.owned.update(partitions)

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        self.owned.difference_update(partitions)

    lost = revoked


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def log(
    settings: StreamSettings, metrics: Metrics, a_week_old: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[KafkaLog]:
    del a_week_old  # it is there
    monkeypatch.setattr(hearing, "LOOK_SECONDS", 0.2)
    with closing(
        kafka_log(settings, name="ingester", reads=ImageSubmitted, metrics=metrics)
    ) as log:
        yield log


def until(log: KafkaLog, metrics: Metrics, well: Callable[[float], bool]) -> None:
    name = 'pixelprose_oldest_unread_age_ratio{service="ingester"} '
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        log.poll(0.05)
        (line,) = [at for at in metrics.exposition().decode().splitlines() if at.startswith(name)]
        if well(float(line.removeprefix(name))):
            return
    raise AssertionError(line)


def test_a_service_that_reads_nothing_tells_how_near_to_its_end_the_oldest_record_is(
    log: KafkaLog, metrics: Metrics
) -> None:
    member = Member()
    log.subscribe(member)
    until(log, metrics, lambda share: 0.5 < share < 0.52)
    log.pause(member.owned)
    assert log.commit([], [], {LANE: Committed(1)})
    until(log, metrics, lambda share: share == 0)


def said(config: Path) -> str:
    console = Console(width=1_000)
    with console.capture() as captured:
        run_doctor(config, console)
    return captured.get()


def keep(settings: StreamSettings, days: float) -> None:
    entry = ConfigEntry(
        "retention.ms",
        str(round(1_000 * DAY_SECONDS * days)),
        incremental_operation=AlterConfigOpType.SET,
    )
    name = settings.kafka.physical(TOPIC)
    changed = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry])
    admin = AdminClient(settings.kafka.client())
    admin.incremental_alter_configs([changed])[changed].result(PATIENCE_SECONDS)


@pytest.mark.usefixtures("a_week_old")
def test_the_doctor_warns_at_half_of_the_retention_that_is_in_force_and_is_red_near_its_end(
    settings: StreamSettings, config: Path
) -> None:
    reader = f"{settings.kafka.group('ingester', 'live')} reads {settings.kafka.physical(TOPIC)} 1"
    text = said(config)
    assert "! oldest unread record: 51% of its topic's retention" in text
    assert f"{reader}: start more replicas" in text
    keep(settings, 28)
    assert "✓ oldest unread record: 25% of its topic's retention" in said(config)
    keep(settings, 7.5)
    assert "✗ oldest unread record: 95% of its topic's retention" in said(config)
