"""A real broker killed in the worst moment: what it would leave hanging, and that it does not."""

import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pixelprose.embedded import EmbeddedKafka, JarCache
from pixelprose.embedded.hanging import HangingTransactions, watch_hanging
from pixelprose.embedded.kafka import leave_as_is
from pixelprose.embedded.transactions import NotYet
from pixelprose.embedded.wire import Reader, Writer

SECONDS = 60.0
Decide = Callable[[Producer], None]
Damage = Callable[[Path], None]


def undecided(_: Producer) -> None:
    """The transaction stays open."""


def committed(producer: Producer) -> None:
    producer.commit_transaction(SECONDS)


def aborted(producer: Producer) -> None:
    producer.abort_transaction(SECONDS)


def coordinators_forget(data: Path) -> None:
    for folder in data.glob("__transaction_state-*"):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def partition_misses_the_marker(data: Path) -> None:
    """As a coordinator leaves it that skips the marker: the last batch is gone."""
    (log,) = (data / "pictures-0").glob("*.log")
    content, at, last = log.read_bytes(), 0, 0
    while at + 12 <= len(content) and (size := struct.unpack_from(">i", content, at + 8)[0]):
        last, at = at, at + 12 + size
    log.write_bytes(content[:last])
    for file in log.parent.iterdir():
        if file.suffix in {".index", ".timeindex", ".txnindex", ".snapshot"}:
            file.unlink()


def kill_in_a_transaction(kafka: EmbeddedKafka, decide: Decide, damage: Damage) -> Producer:
    """Write `doubtful` in a transaction and `after` behind it, with a broken broker between."""
    servers = kafka.bootstrap_servers
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic("pictures", 1)])["pictures"].result(SECONDS)
    producer = Producer(
        {"bootstrap.servers": servers, "transactional.id": "painter", "log_level": 0}
    )
    producer.init_transactions(SECONDS)
    producer.begin_transaction()
    producer.produce("pictures", b"doubtful")
    assert producer.flush(SECONDS) == 0
    decide(producer)
    if decide is not undecided:  # a commit returns before its markers are written
        while HangingTransactions(kafka.bootstrap_servers).look():
            time.sleep(0.1)
    kafka.kill()
    damage(kafka._logs)
    kafka.start()
    plain = Producer({"bootstrap.servers": servers})
    plain.produce("pictures", b"after")
    assert plain.flush(SECONDS) == 0
    return producer


def readable(kafka: EmbeddedKafka) -> Sequence[bytes]:
    """What a reader of committed records gets until it is at its end."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "group.id": "reads",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition("pictures", 0, 0)])
    found: list[bytes] = []
    while (message := consumer.poll(SECONDS)) is not None:
        if (error := message.error()) is not None:
            assert error.code() == KafkaError._PARTITION_EOF, error
            consumer.close()
            return found
        found.append(bytes(message.value() or b""))
    raise AssertionError("the broker does not answer")


def until_readable(kafka: EmbeddedKafka, expected: Sequence[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while (found := readable(kafka)) != expected:
        assert time.monotonic() < deadline, f"readers stay at {found}"
        time.sleep(0.1)


LOST = pytest.param(undecided, coordinators_forget, [b"after"], id="nobody knows it")
ABORTED = pytest.param(aborted, partition_misses_the_marker, [b"after"], id="it was aborted")
COMMITTED = pytest.param(
    committed, partition_misses_the_marker, [b"doubtful", b"after"], id="it was committed"
)


@pytest.mark.real
@pytest.mark.parametrize(("decide", "damage", "expected"), [LOST])
def test_a_broker_started_again_ends_what_hangs_by_itself(
    tmp_path: Path, jar_cache: JarCache, decide: Decide, damage: Damage, expected: Sequence[bytes]
) -> None:
    with EmbeddedKafka(tmp_path, jars=jar_cache) as kafka:
        kill_in_a_transaction(kafka, decide, damage)
        until_readable(kafka, expected)


@pytest.mark.real
@pytest.mark.parametrize(("decide", "damage", "expected"), [ABORTED, COMMITTED])
def test_readers_stay_before_it_until_it_is_ended_as_it_was_decided(
    tmp_path: Path, jar_cache: JarCache, decide: Decide, damage: Damage, expected: Sequence[bytes]
) -> None:
    with EmbeddedKafka(tmp_path, jars=jar_cache, after_unclean_stop=leave_as_is) as kafka:
        kill_in_a_transaction(kafka, decide, damage)
        assert readable(kafka) == []
        watch_hanging(kafka.bootstrap_servers)
        until_readable(kafka, expected)


@pytest.mark.real
def test_an_open_transaction_whose_producer_lives_is_left_to_it(
    tmp_path: Path, jar_cache: JarCache
) -> None:
    with EmbeddedKafka(tmp_path, jars=jar_cache, after_unclean_stop=leave_as_is) as kafka:
        producer = kill_in_a_transaction(kafka, undecided, lambda _: None)
        hanging = HangingTransactions(kafka.bootstrap_servers)
        looks = [look(hanging) for _ in range(3)]
        assert looks == [True, True, True]
        producer.commit_transaction(SECONDS)
        until_readable(kafka, [b"doubtful", b"after"])
        assert look(hanging) is False


def look(hanging: HangingTransactions) -> bool:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return hanging.look()
        except NotYet:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_what_is_written_is_read_again() -> None:
    long = "x" * 300
    body = Writer()
    body.number("q", -5).text(long).array([1, 2], lambda n: body.number("i", n)).tags()
    answer = Reader(body.built())
    assert answer.number("q") == -5
    assert answer.text() == long
    assert answer.array(lambda: answer.number("i")) == [1, 2]
    answer.tags()
    with pytest.raises(ValueError, match="too early"):
        answer.number("b")
