"""The alarm on a real broker: a transaction stays open, and all who look say so."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from confluent_kafka import Producer
from rich.console import Console

from pixelprose.cli import doctor, status
from pixelprose.cli.doctor import run_doctor
from pixelprose.cli.status import run_status
from pixelprose.cli.topics_init import run_topics_init
from pixelprose.embedded import EmbeddedKafka
from pixelprose.kafkalog import KafkaSettings, StableOffsetWatch
from pixelprose.kafkalog.stable_offsets import OpenTransactions, ages
from pixelprose.records import ImageSubmitted, topic_of

pytestmark = pytest.mark.real

TOPIC = topic_of(ImageSubmitted)


@pytest.fixture
def settings(kafka: EmbeddedKafka, topic_prefix: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)


@pytest.fixture
def config(settings: KafkaSettings, tmp_path: Path) -> Path:
    file = tmp_path / "pixelprose.yaml"
    file.write_text(yaml.safe_dump({"kafka": settings.model_dump(exclude_defaults=True)}))
    run_topics_init(file, 2, 1, Console(quiet=True))
    return file


@pytest.fixture
def open_transaction(settings: KafkaSettings, config: Path) -> Iterator[Producer]:
    del config  # the topics are there
    producer = Producer(
        {**settings.client(), "transactional.id": f"{settings.topic_prefix}painter"}
    )
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(settings.physical(TOPIC), b"undecided", partition=1)
    producer.produce(settings.physical(TOPIC), b"more", partition=1)
    assert producer.flush(60) == 0
    yield producer
    producer.abort_transaction(60)


def said(run: Callable[[Path, Console], object], config: Path) -> str:
    console = Console(width=1000)
    with console.capture() as captured:
        run(config, console)
    return captured.get()


def test_one_look_tells_how_long_a_transaction_is_open(
    settings: KafkaSettings, open_transaction: Producer
) -> None:
    del open_transaction
    topic = settings.physical(TOPIC)
    (found,) = OpenTransactions(settings.client()).behind([topic])
    assert (found.lane, found.stable, found.end) == ((topic, 1), 0, 2)
    soon, late = (ages(settings.client(), [found], now=time.time() + s)[found] for s in (0, 500))
    assert soon < late
    assert late >= 500


def test_a_service_tells_how_long_its_input_stands_still(
    settings: KafkaSettings, open_transaction: Producer
) -> None:
    del open_transaction
    told: list[float] = []
    times = iter([0.0, 10.0, 90.0])
    watch = StableOffsetWatch(settings, topics=[TOPIC], tell=told.append, clock=lambda: next(times))
    transactions = OpenTransactions(settings.client())
    for _ in range(3):
        watch.look(transactions)
    assert told == [0.0, 10.0, 90.0]


def test_status_and_doctor_name_what_hangs_and_the_way_out(
    settings: KafkaSettings,
    config: Path,
    open_transaction: Producer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del open_transaction
    way_out = f"abort --topic {settings.physical(TOPIC)} --partition 1 --start-offset 0"
    assert "a transaction is open for" in said(run_status, config)
    assert way_out not in said(run_status, config)
    assert way_out not in said(run_doctor, config)
    for module in (status, doctor):  # as if its time-out were over: no test waits for a minute
        monkeypatch.setattr(module, "STALLED_SECONDS", -1.0)
    assert way_out in said(run_status, config)
    assert way_out in said(run_doctor, config)
