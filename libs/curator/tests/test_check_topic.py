"""A table against the real topic that feeds it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import msgspec
import pytest

from pixelprose.curator import Broker, Finding, State, check_tables, history
from pixelprose.curator.absences import absence
from pixelprose.curator.check_topic import check_topic
from pixelprose.curator.offsets import offsets
from pixelprose.curator.testing import (
    NOON,
    SmallLake,
    a_caption,
    a_dead_letter,
    a_record,
    digest,
)
from pixelprose.curator.testing_topic import FedLake, Feeder
from pixelprose.curator.topic import Topic, TopicRecord, identities
from pixelprose.embedded import EmbeddedKafka
from pixelprose.kafkalog import KafkaSettings
from pixelprose.lake import CAPTIONS, DEAD_LETTERS, Position
from pixelprose.records import (
    BLOCKED,
    CaptionAnnotated,
    ImageAnnotated,
    ImageRejected,
    Registry,
    RegistrySettings,
    SubmissionId,
    Wire,
    topic_list,
    topic_of,
)

pytestmark = pytest.mark.real


class Compacted(Topic):
    """The caption topic as if it were compacted and had lost one record."""

    def __init__(self, kafka: KafkaSettings, lost: int) -> None:
        super().__init__(kafka, topic_of(CaptionAnnotated))
        self.is_compacted = True
        self._lost = lost

    def records(self, upto: Mapping[int, int]) -> Iterator[TopicRecord]:
        return (record for record in super().records(upto) if record.offset != self._lost)


def check(fed: FedLake) -> Finding:
    tables = fed.small.lake.tables()
    broker = Broker(fed.settings, RegistrySettings())
    found = check_tables(tables, ends=tables, broker=broker, now=NOON)
    return next(finding for finding in found if finding.check == "topic")


@pytest.fixture
def fed(kafka: EmbeddedKafka, topic_prefix: str, small: SmallLake) -> FedLake:
    return FedLake(kafka.bootstrap_servers, topic_prefix, small)


def test_every_record_that_is_a_row_passes(fed: FedLake) -> None:
    fed.sink([*fed.feed(0, 1), *fed.feed(2)])
    fed.feed(4, 5)  # beyond the table's position: the sink has not come to it yet
    finding = check(fed)
    assert finding.state is State.OK, finding
    assert finding.detail.startswith("3 records kept in")


def test_a_forged_gap_is_found(fed: FedLake) -> None:
    rows = fed.feed(0, 2, 4)
    lost = rows.pop(1)
    fed.sink(rows)
    finding = check(fed)
    assert finding.state is State.FAILED
    assert finding.examples == [f"0/{lost.lineage.offset}"]


def test_a_row_of_no_record_is_found(fed: FedLake) -> None:
    rows = fed.feed(0, 2)
    marker = msgspec.structs.replace(
        a_caption(4),
        lineage=msgspec.structs.replace(rows[-1].lineage, offset=rows[-1].lineage.offset + 1),
    )
    (later,) = fed.feed(6)
    fed.sink([*rows, marker, later])
    finding = check(fed)
    assert finding.state is State.FAILED
    assert finding.detail.startswith("of no record of")


def test_rows_of_a_compacted_topic_outlive_their_records(fed: FedLake) -> None:
    """The first of two records is compacted away; what is left begins before it."""
    first, last = fed.feed(0, 2)
    fed.sink([first, last])
    table = fed.small.lake.open("captions")
    topic = Compacted(fed.settings, first.lineage.offset)
    explain = absence("captions", RegistrySettings(), frozenset())
    found = check_topic(table, history(table), offsets(table), topic, explain)
    assert found.state is State.OK
    topic.is_compacted = False
    found = check_topic(table, history(table), offsets(table), topic, explain)
    assert found.detail.startswith("of no record of")


def test_compacted_topics_are_known_as_such(fed: FedLake) -> None:
    assert Topic(fed.settings, topic_of(ImageAnnotated)).is_compacted
    assert not Topic(fed.settings, topic_of(CaptionAnnotated)).is_compacted


def test_a_dead_letter_is_no_loss(fed: FedLake) -> None:
    first, dead, last = fed.feed(0, 2, 4)
    fed.sink([first, last])
    assert check(fed).state is State.FAILED
    fed.small.append(DEAD_LETTERS, [a_dead_letter(dead.lineage.partition, dead.lineage.offset)])
    finding = check(fed)
    assert finding.state is State.OK
    assert "1 dead letters" in finding.detail


def test_a_row_id_that_was_there_already_is_no_loss(fed: FedLake) -> None:
    first, again, last = [*fed.feed(0), *fed.feed(0), *fed.feed(2)]
    fed.sink([first, last])
    assert again.row_id == first.row_id
    finding = check(fed)
    assert finding.state is State.OK
    assert "1 already there" in finding.detail


def test_an_undecodable_record_is_no_loss(fed: FedLake) -> None:
    first = fed.feed(0)
    fed.feed_rubbish()
    fed.sink([*first, *fed.feed(2)])
    finding = check(fed)
    assert finding.state is State.OK
    assert "1 undecodable" in finding.detail


def test_a_table_of_another_topic_is_not_compared(fed: FedLake) -> None:
    fed.small.app = "cluster/another/"
    fed.sink(fed.feed(0))
    assert check(fed).state is State.SKIPPED


def test_rows_of_two_topics_of_one_name_are_not_compared(fed: FedLake) -> None:
    anew = fed.small.app
    fed.small.app = "cluster/the one before/"
    fed.small.append(CAPTIONS, [a_caption(8)])
    fed.small.app = anew
    fed.sink(fed.feed(0))
    finding = check(fed)
    assert finding.state is State.SKIPPED
    assert "made anew" in finding.detail


def test_a_row_that_was_deleted_is_not_called_lost(fed: FedLake) -> None:
    first, second, third = fed.feed(0, 2, 4)
    fed.sink([first, third])
    assert check(fed).state is State.FAILED
    table = fed.small.lake.open("captions").handle
    table.delete(f"row_id = '{first.row_id}'")
    assert check(fed).examples == [f"0/{row.lineage.offset}" for row in (first, second)]
    fed.small.append(DEAD_LETTERS, [a_dead_letter(0, second.lineage.offset)])
    finding = check(fed)
    assert finding.state is State.SKIPPED
    assert "1 row deleted since" in finding.detail


LETTERS = topic_list().dead_letter_topics()[:2]


@pytest.fixture
def kept(kafka: EmbeddedKafka, topic_prefix: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)


def findings(small: SmallLake, kept: KafkaSettings, table: str) -> list[Finding]:
    tables = small.lake.tables()
    broker = Broker(kept, RegistrySettings())
    later = NOON + timedelta(days=10)
    found = check_tables(tables, ends=tables, broker=broker, now=later)
    return [one for one in found if one.table == table]


def bury(small: SmallLake, kept: KafkaSettings, topic: str, *offsets: int) -> None:
    """Sink letters of a topic in one commit."""
    (small.app,) = identities(kept, [topic])
    letters = [
        msgspec.structs.replace(
            a_dead_letter(0, at),
            row_id=digest(topic, at),
            lineage=Position(topic=topic, partition=0, offset=at),
        )
        for at in offsets
    ]
    small.append(DEAD_LETTERS, letters)


def test_dead_letters_are_held_against_all_their_topics(
    small: SmallLake, kept: KafkaSettings
) -> None:
    for topic in LETTERS:
        Feeder(kept, topic).put(b"a", b"b", b"c")
    bury(small, kept, LETTERS[0], 0, 1)
    bury(small, kept, LETTERS[1], 0, 1, 2)
    found = findings(small, kept, "dead_letters")
    assert {one.state for one in found} == {State.OK}, found
    assert [one.check for one in found[-3:]] == ["complete", "topic", "topic"]


def test_a_dead_letter_that_is_no_row_is_found(small: SmallLake, kept: KafkaSettings) -> None:
    Feeder(kept, LETTERS[0]).put(b"a", b"b", b"c")
    bury(small, kept, LETTERS[0], 0, 2)
    finding = findings(small, kept, "dead_letters")[-1]
    assert (finding.check, finding.state) == ("topic", State.FAILED)
    assert finding.examples == ["0/1"]


def test_letters_of_a_topic_that_is_gone_are_not_guessed_at(
    small: SmallLake, kept: KafkaSettings
) -> None:
    Feeder(kept, LETTERS[0]).put(b"a")
    bury(small, kept, LETTERS[0], 0)
    small.app = "cluster/gone/"
    small.append(DEAD_LETTERS, [a_dead_letter(0, 1)])
    finding = findings(small, kept, "dead_letters")[-1]
    assert (finding.check, finding.state) == ("complete", State.SKIPPED)


def test_the_topic_tells_which_owner_was_blocked(small: SmallLake, kept: KafkaSettings) -> None:
    wire, (record, _) = Wire(ImageRejected, Registry(RegistrySettings())), a_record(ImageRejected)
    rejections = Feeder(kept, topic_of(ImageRejected))

    def end(submission: str, reason: str) -> None:
        who = msgspec.structs.replace(record.submission, submission_id=SubmissionId(submission))
        rejections.put(wire.encode(msgspec.structs.replace(record, submission=who, reason=reason)))

    small.duplicates(digest("hit"))
    end(digest("another"), BLOCKED)
    end(digest("hit"), "unreachable")
    owners = findings(small, kept, "rejections")[-1]
    assert (owners.check, owners.state) == ("owners", State.FAILED)
    end(digest("hit"), BLOCKED)
    owners = findings(small, kept, "rejections")[-1]
    assert (owners.check, owners.state) == ("owners", State.OK)
    assert "1 blocked (restricted)" in owners.detail
