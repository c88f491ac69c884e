"""A table against the real topic that feeds it."""


import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pixelprose.curator import Broker, Finding, State, check_tables
from pixelprose.curator.testing import LANES, NOON, SmallLake, a_caption, a_record, digest
from pixelprose.curator.topic import Topic
from pixelprose.embedded import EmbeddedKafka
from pixelprose.kafkalog import KafkaSettings
from pixelprose.lake import CAPTIONS, CaptionRow
from pixelprose.records import CaptionAnnotated, Registry, RegistrySettings, RowId, Wire, topic_of

pytestmark = pytest.mark.real

PATIENCE_SECONDS = 30.0


class Fed:
    """A caption topic, and a table that some of its records became rows of."""

    def __init__(self, kafka: EmbeddedKafka, prefix: str, small: SmallLake) -> None:
        self.settings = KafkaSettings(
            bootstrap_servers=kafka.bootstrap_servers, topic_prefix=prefix
        )
        self.small = small
        self.physical = self.settings.physical(topic_of(CaptionAnnotated))
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
        made = admin.create_topics([NewTopic(self.physical, LANES, 1)])
        made[self.physical].result(PATIENCE_SECONDS)
        self._producer = Producer(
            {"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": f"{prefix}feeder"}
        )
        self._producer.init_transactions(PATIENCE_SECONDS)
        self._wire = Wire(CaptionAnnotated, Registry(RegistrySettings()))
        small.app = Topic(self.settings, topic_of(CaptionAnnotated)).identity()

    def feed(self, *numbers: int) -> list[CaptionRow]:
        """Put captions on partition 0 in one transaction; return their rows, at their offsets."""
        rows: list[CaptionRow] = []
        self._producer.begin_transaction()
        for number in numbers:
            record, _ = a_record(CaptionAnnotated)
            caption = msgspec.structs.replace(record.caption, row_id=RowId(digest("row", number)))
            value = self._wire.encode(msgspec.structs.replace(record, caption=caption))
            self._produce(value, number, rows)
        self._producer.commit_transaction(PATIENCE_SECONDS)
        return rows

    def feed_rubbish(self) -> None:
        self._producer.begin_transaction()
        self._produce(b"rubbish", 0, [])
        self._producer.commit_transaction(PATIENCE_SECONDS)

    def check(self) -> Finding:
        tables = self.small.lake.tables()
        broker = Broker(self.settings, RegistrySettings())
        found = check_tables(tables, ends=tables, broker=broker, now=NOON)
        return next(finding for finding in found if finding.check == "topic")

    def _produce(self, value: bytes, number: int, rows: list[CaptionRow]) -> None:
        def delivered(error: object, message: object) -> None:
            assert error is None
            at = {"partition": 0, "offset": message.offset()}  # type: ignore[attr-defined]
            row = a_caption(number)
            rows.append(
                msgspec.structs.replace(row, lineage=msgspec.structs.replace(row.lineage, **at))
            )

        self._producer.produce(self.physical, value, b"key", partition=0, on_delivery=delivered)


@pytest.fixture
def fed(kafka: EmbeddedKafka, topic_prefix: str, small: SmallLake) -> Fed:
    return Fed(kafka, topic_prefix, small)


def test_every_record_that_is_a_row_passes(fed: Fed) -> None:
    fed.small.append(CAPTIONS, [*fed.feed(0, 1), *fed.feed(2)])
    fed.feed(3)  # beyond the table's position: the sink has not come to it yet
    finding = fed.check()
    assert finding.state is State.OK, finding
    assert finding.detail.startswith("3 records kept in")


def test_a_forged_gap_is_found(fed: Fed) -> None:
    rows = fed.feed(0, 1, 2)
    lost = rows.pop(1)
    fed.small.append(CAPTIONS, rows)
    finding = fed.check()
    assert finding.state is State.FAILED
    assert finding.examples == [f"0/{lost.lineage.offset}"]


def test_a_row_of_no_record_is_found(fed: Fed) -> None:
    rows = fed.feed(0, 1)
    marker = msgspec.structs.replace(
        a_caption(2),
        lineage=msgspec.structs.replace(rows[-1].lineage, offset=rows[-1].lineage.offset + 1),
    )
    (later,) = fed.feed(3)
    fed.small.append(CAPTIONS, [*rows, marker, later])
    finding = fed.check()
    assert finding.state is State.FAILED
    assert finding.detail.startswith("1 rows are of no record")


def test_a_row_id_that_was_there_already_is_no_loss(fed: Fed) -> None:
    first, again, last = [*fed.feed(0), *fed.feed(0), *fed.feed(1)]
    fed.small.append(CAPTIONS, [first, last])
    assert again.row_id == first.row_id
    finding = fed.check()
    assert finding.state is State.OK
    assert "1 already there" in finding.detail


def test_an_undecodable_record_is_no_loss(fed: Fed) -> None:
    first = fed.feed(0)
    fed.feed_rubbish()
    fed.small.append(CAPTIONS, [*first, *fed.feed(1)])
    finding = fed.check()
    assert finding.state is State.OK
    assert "1 undecodable (dead letters)" in finding.detail


def test_a_table_of_another_topic_is_not_compared(fed: Fed) -> None:
    fed.small.app = "cluster/another/"
    fed.small.append(CAPTIONS, fed.feed(0))
    assert fed.check().state is State.SKIPPED
