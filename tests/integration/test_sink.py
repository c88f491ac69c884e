"""The sink on a real broker and a real store: every end of a submission is a row, once."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any, cast
from uuid import uuid4

import msgspec
import pyarrow as pa
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import AdminClient
from deltalake import DeltaTable, QueryBuilder

from pixelprose.cli.ends import TopicReader
from pixelprose.embedded import EmbeddedKafka
from pixelprose.embedded.testing import FreshBucket
from pixelprose.kafkalog import KafkaSettings
from pixelprose.lake import SUBMISSION_ENDS, TABLES
from pixelprose.objectstore import StoreSettings
from pixelprose.records import (
    CaptionAnnotated,
    Group,
    ImageAnnotated,
    ImageRejected,
    ImageSubmitted,
    Registry,
    RegistrySettings,
    RowId,
    SubmissionId,
    Wire,
    topic_of,
)
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.records.topic_admin import initialise
from pixelprose.sink.admission import Refusal
from pixelprose.sink.app import build
from pixelprose.sink.delta import storage_options
from pixelprose.sink.refused import Refusals
from pixelprose.sink.settings import SinkSection, SinkSettings
from pixelprose.sink.table_log import TableLog
from pixelprose.streamkit import (
    ExitCode,
    Message,
    Metrics,
    Outgoing,
    Runner,
    RunnerSettings,
    Stop,
    TopicPartition,
)
from pixelprose.streamkit.letters import DeadLetters

pytestmark = pytest.mark.real

PARTITIONS = 2
PATIENCE_SECONDS = 60.0


class Pipeline:
    """What stands before the sink: producers of records and dead letters."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._producer = Producer({**kafka.client(), "partitioner": "murmur2_random"})
        self._wires: dict[type[Group], Wire[Any]] = {}

    def send(self, record: Any) -> None:  # noqa: ANN401 - any record
        kind: type[Group] = type(record)
        if kind not in self._wires:
            self._wires[kind] = Wire(kind, Registry(RegistrySettings()))
        wire = self._wires[kind]
        submission = record.submission
        headers = (("ce_id", uuid4().hex.encode()),)
        key = submission.image_id.encode()
        self._put(Outgoing(topic_of(kind), key, wire.encode(record), headers))

    def kill(self, submission: str) -> None:
        at = TopicPartition(topic_of(ImageSubmitted), 0)
        headers = (("ce_submissionid", submission.encode()),)
        message = Message(at, 0, b"a key", b"?", headers, example_caption("x").caption.generated_at)
        letters = DeadLetters("ingester", version="1")
        self._put(letters.of(message, "undecodable", error_class="E", error_text=""))

    def flush(self) -> None:
        assert self._producer.flush(PATIENCE_SECONDS) == 0

    def _put(self, out: Outgoing) -> None:
        self._producer.produce(
            self._kafka.physical(out.topic), out.value, out.key, headers=list(out.headers)
        )


def example_caption(name: str, *, attempt: int = 0, row_id: str | None = None) -> CaptionAnnotated:
    known = example(packaged(), CaptionAnnotated, "full")
    replace = msgspec.structs.replace
    submission = replace(known.submission, submission_id=SubmissionId(name * 64), attempt=attempt)
    caption = replace(known.caption, row_id=RowId(row_id or f"row of {name}"))
    return replace(known, submission=submission, caption=caption)


def about(record: type[Group], name: str) -> Any:  # noqa: ANN401 - any record
    known: Any = example(packaged(), record, "full")
    submission = msgspec.structs.replace(known.submission, submission_id=SubmissionId(name * 64))
    return msgspec.structs.replace(known, submission=submission)


@pytest.fixture
def settings(kafka: EmbeddedKafka, topic_prefix: str, bucket: FreshBucket) -> SinkSettings:
    broker = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)
    initialise(broker, instance="live", partitions=PARTITIONS, replication=1)
    access = bucket.access
    return SinkSettings(
        kafka=broker,
        runner=RunnerSettings(drain_seconds=PATIENCE_SECONDS),
        store=StoreSettings(
            endpoint=access.endpoint,
            bucket=bucket.name,
            access_key=access.access_key,
            secret_key=access.secret_key,
        ),
        sink=SinkSection(flush_seconds=0.3),
    )


class Running:
    """The sink's runners in threads, as the host runs them."""

    def __init__(self, settings: SinkSettings) -> None:
        self.ends: list[BaseException] = []
        self._runners = build(settings, Metrics()).runners
        self._threads = [Thread(target=self._run, args=(one,)) for one in self._runners]
        for thread in self._threads:
            thread.start()

    def _run(self, runner: Runner[Any, Any, Any]) -> None:
        try:
            runner.run()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.ends.append(error)
            self._stop()

    def _stop(self) -> None:
        for runner in self._runners:
            runner.stop()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()

    def close(self) -> None:
        self._stop()
        self.wait()


@contextmanager
def running(settings: SinkSettings) -> Iterator[Running]:
    sink = Running(settings)
    try:
        yield sink
    finally:
        sink.close()
    assert sink.ends == []


def ask(settings: SinkSettings, sql: str) -> Sequence[dict[str, Any]]:
    builder, options = QueryBuilder(), dict(storage_options(settings.store))
    for table in TABLES:
        uri = f"s3://{settings.store.bucket}/lake/{table.name}"
        builder = builder.register(table.name, DeltaTable(uri, storage_options=options))
    return pa.table(builder.execute(sql).read_all()).to_pylist()


def until(condition: Callable[[], bool]) -> None:
    """Poll until it holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def count(settings: SinkSettings, table: str) -> int:
    return int(ask(settings, f"select count(*) as n from {table}")[0]["n"])


def positions(settings: SinkSettings, group: str, topic: str) -> list[int]:
    admin = AdminClient({**settings.kafka.client(), "log_level": 0})
    lanes = [KafkaPartition(settings.kafka.physical(topic), n) for n in range(PARTITIONS)]
    asked = ConsumerGroupTopicPartitions(settings.kafka.group(group, "live"), lanes)
    found = admin.list_consumer_group_offsets([asked])[asked.group_id].result()
    return [at.offset for at in found.topic_partitions or ()]


def test_every_end_of_a_submission_is_one_row(settings: SinkSettings) -> None:
    pipeline = Pipeline(settings.kafka)
    pipeline.send(example_caption("a"))
    pipeline.send(about(ImageAnnotated, "a"))
    pipeline.send(about(ImageRejected, "b"))
    blocked = msgspec.structs.replace(about(ImageRejected, "c"), reason="blocked")
    pipeline.send(blocked)
    pipeline.kill("d" * 64)
    pipeline.flush()
    tables = ("captions", "images", "rejections", "dead_letters")
    with running(settings):
        until(lambda: all(count(settings, table) == 1 for table in tables))
    ends = ask(settings, SUBMISSION_ENDS)
    assert {(end["submission_id"][0], end["state"]) for end in ends} == {
        ("a", "captioned"),
        ("b", "rejected"),
        ("d", "dead_letter"),
    }
    with running(settings):
        until(lambda: sum(positions(settings, "sink.captions", topic_of(CaptionAnnotated))) >= 1)
    assert [count(settings, table) for table in tables] == [1, 1, 1, 1]


def test_a_redriven_caption_that_is_there_already_is_no_second_row(settings: SinkSettings) -> None:
    pipeline = Pipeline(settings.kafka)
    pipeline.send(example_caption("a"))
    pipeline.send(example_caption("a", attempt=1, row_id="row of a"))
    pipeline.send(example_caption("a", attempt=1, row_id="another"))
    pipeline.flush()
    with running(settings):
        until(lambda: count(settings, "captions") == 2)
        until(lambda: sum(positions(settings, "sink.captions", topic_of(CaptionAnnotated))) == 3)
        until(lambda: count(settings, "rejections") == 1)
    found = ask(settings, "select row_id, attempt from captions order by attempt")
    assert found == [{"row_id": "row of a", "attempt": 0}, {"row_id": "another", "attempt": 1}]
    (rejected,) = ask(settings, "select attempt, stage, reason, duplicate_of from rejections")
    assert rejected == {
        "attempt": 1,
        "stage": "sink",
        "reason": "duplicate_row",
        "duplicate_of": "a" * 64,
    }


def test_topics_that_are_made_anew_start_anew(settings: SinkSettings) -> None:
    pipeline = Pipeline(settings.kafka)

    def feed(captioned: str, dead: str) -> None:
        """By their keys, records of one kind lie in one partition: each time at its begin."""
        pipeline.send(example_caption(captioned))
        pipeline.kill(dead * 64)
        pipeline.flush()

    def run_until_both_have(rows: int) -> None:
        with running(settings):
            until(lambda: count(settings, "captions") == count(settings, "dead_letters") == rows)

    feed("a", "b")
    run_until_both_have(1)
    make_anew(settings, [topic_of(CaptionAnnotated), f"{topic_of(ImageSubmitted)}.ingester.dlq"])
    feed("c", "d")
    run_until_both_have(2)
    for table in ("captions", "dead_letters"):
        place = "lineage['partition'] as partition, lineage['offset'] as offset"
        one, other = ask(settings, f"select {place} from {table}")
        assert one == other, "or this test shows nothing"


def make_anew(settings: SinkSettings, topics: Sequence[str]) -> None:
    physical = [settings.kafka.physical(topic) for topic in topics]
    admin = AdminClient({**settings.kafka.client(), "log_level": 0})
    for deleted in admin.delete_topics(physical).values():
        deleted.result()
    until(lambda: not set(physical) & admin.list_topics(timeout=PATIENCE_SECONDS).topics.keys())
    initialise(settings.kafka, instance=settings.instance, partitions=PARTITIONS, replication=1)


class Died(BaseException):
    """The process is no more."""


class Dying(Refusals):
    """Dies when the table has a commit's rows, and before Kafka hears of them."""

    def ends(self, refused: Sequence[Refusal]) -> Sequence[Outgoing]:
        if refused:
            raise Died
        return ()


def test_a_sink_that_dies_between_its_commits_rejects_what_it_refused_once(
    settings: SinkSettings,
) -> None:
    pipeline = Pipeline(settings.kafka)
    pipeline.send(example_caption("a"))
    pipeline.send(example_caption("b", row_id="row of a", attempt=1))
    pipeline.flush()
    for _ in range(2):
        captions = build(settings, Metrics()).runners[0]
        cast("TableLog[Any]", captions._log)._refusals = Dying()
        with pytest.raises(Died):
            captions.run()
    assert count(settings, "captions") == 1
    assert positions(settings, "sink.captions", topic_of(CaptionAnnotated)) == [0, 0]
    with running(settings):
        until(lambda: sum(positions(settings, "sink.captions", topic_of(CaptionAnnotated))) == 2)
        until(lambda: count(settings, "rejections") == 1)
    topic = settings.kafka.physical(topic_of(ImageRejected))
    reader = TopicReader(settings.kafka.client(), [topic])
    rejections: list[object] = []

    def read() -> bool:
        # It waits for more even when it has some.
        rejections.extend(reader.read(seconds=1.0))
        return bool(rejections)

    until(read)
    reader.close()
    assert len(rejections) == 1
    ends = ask(settings, SUBMISSION_ENDS)
    assert sorted((end["submission_id"][0], end["state"]) for end in ends) == [
        ("a", "captioned"),
        ("b", "rejected"),
    ]


def test_records_that_expired_unread_stop_the_sink_and_are_named(settings: SinkSettings) -> None:
    pipeline = Pipeline(settings.kafka)
    pipeline.send(example_caption("a"))
    pipeline.flush()
    with running(settings):
        until(lambda: count(settings, "captions") == 1)
    topic = settings.kafka.physical(topic_of(CaptionAnnotated))
    read = positions(settings, "sink.captions", topic_of(CaptionAnnotated))
    for name in ("b", "c"):
        pipeline.send(example_caption(name))
    pipeline.flush()
    lane = max(range(PARTITIONS), key=lambda number: read[number])
    admin = AdminClient({**settings.kafka.client(), "log_level": 0})
    expired = KafkaPartition(topic, lane, read[lane] + 1)
    admin.delete_records([expired])[expired].result()
    sink = Running(settings)
    sink.wait()
    (stop,) = (end for end in sink.ends if isinstance(end, Stop))
    assert stop.code is ExitCode.RECORDS_LOST
    assert f"{topic_of(CaptionAnnotated)}/{lane} {read[lane]} to {read[lane]}" in str(stop)
    assert count(settings, "captions") == 1
