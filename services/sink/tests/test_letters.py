"""Dead letters as rows."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.lake import DEAD_LETTERS, DeadLetterRow
from pixelprose.records import submission_id, submission_id_at
from pixelprose.sink.guarded import GuardedTable
from pixelprose.sink.letters import LetterCodec, keep_letter
from pixelprose.sink.testing import MemoryTable
from pixelprose.streamkit import Emit, Headers, Message, Outgoing, Reject, TopicPartition
from pixelprose.streamkit.letters import DeadLetters

SUBMITTED = TopicPartition("pixelprose.images.submitted.v1", 3)
SCREENED = TopicPartition("pixelprose.images.screened.v1", 1)
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
DIGEST = "a" * 64
DEAD = f"{SCREENED.topic}.captioner.dlq"
LANES = (TopicPartition(DEAD, 0), TopicPartition(DEAD, 1))


def codec(topic: str) -> LetterCodec:
    """The codec while the dead-letter topic has this identity."""
    apps = {lane: f"cluster/{topic}/{lane.partition}" for lane in LANES}
    return LetterCodec(cluster="cluster", apps=apps)


CODEC = codec("topic")


def dead(at: TopicPartition, key: bytes | None, *headers: tuple[str, bytes]) -> Outgoing:
    message = Message(at, 5, key, b"its bytes, a secret", headers, NOW)
    letters = DeadLetters("captioner", version="1.2", now=lambda: NOW)
    return letters.of(message, "undecodable", error_class="ValueError", error_text="a secret")


def row_of(letter: Outgoing) -> DeadLetterRow:
    at = TopicPartition(letter.topic, 0)
    return CODEC.decode(Message(at, 9, letter.key, letter.value, letter.headers, NOW))


def lying(lane: int, offset: int) -> Message:
    letter = dead(SCREENED, None)
    return Message(TopicPartition(DEAD, lane), offset, None, b"", letter.headers, NOW)


def test_a_dead_letter_says_who_where_and_why() -> None:
    headers = (("ce_submissionid", DIGEST.encode()), ("ce_attempt", b"2"))
    row = row_of(dead(SCREENED, b"b" * 64, *headers))
    assert (row.submission_id, row.attempt, row.image_id) == (DIGEST, 2, "b" * 64)
    assert (row.stage, row.stage_version, row.reason) == ("captioner", "1.2", "undecodable")
    assert (row.record.topic, row.record.partition, row.record.offset) == (SCREENED.topic, 1, 5)
    assert (row.lineage.topic, row.lineage.offset) == (f"{SCREENED.topic}.captioner.dlq", 9)
    assert (row.died_at, row.ingest_date) == (NOW, NOW.date())


def test_no_payload_and_no_error_text_reaches_the_table() -> None:
    row = row_of(dead(SCREENED, b"b" * 64))
    assert "secret" not in str(DEAD_LETTERS.arrow([row]).to_pylist())


def test_a_submission_is_named_as_the_ingester_would_have_named_it() -> None:
    event = (("ce_source", b"me"), ("ce_id", b"7"))
    named = row_of(dead(SUBMITTED, b"b" * 64, *event))
    assert named.submission_id == submission_id(ce_source="me", ce_id="7")
    assert named.image_id is None, "the key is the producer's choice"
    alone = row_of(dead(SUBMITTED, None))
    assert alone.submission_id == submission_id_at(
        cluster="cluster", topic=SUBMITTED.topic, partition=3, offset=5
    )


def test_a_redriven_submission_keeps_its_name() -> None:
    headers = (("ce_submissionid", DIGEST.encode()), ("ce_id", b"7"), ("ce_source", b"me"))
    assert row_of(dead(SUBMITTED, None, *headers)).submission_id == DIGEST


def test_two_letters_are_two_rows_and_one_letter_is_one() -> None:
    ids = {
        CODEC.decode(lying(lane, offset)).row_id
        for lane, offset in [(0, 0), (0, 1), (1, 0), (0, 0)]
    }
    assert len(ids) == 3


def test_a_letter_of_a_topic_made_anew_is_no_older_one() -> None:
    table = MemoryTable()
    for topic in ("topic", "topic made anew", "topic made anew"):
        read, message = codec(topic), lying(0, 0)
        guarded = GuardedTable(table, {LANES[0]: f"cluster/{topic}/0"})
        guarded.append([read.encode(read.decode(message), message)])
    assert len(table.rows) == 2


def test_a_letter_from_a_partition_that_came_since_is_no_dead_letter_itself() -> None:
    came = lying(2, 0)
    row = CODEC.encode(CODEC.decode(came), came)
    with pytest.raises(KeyError):
        GuardedTable(MemoryTable(), {}).append([row])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["dlq_topic", "dlq_partition", "dlq_offset", "dlq_at", "ce_attempt", "x"]
            ),
            st.binary(max_size=30) | st.sampled_from([b"\xc2\xb2", b"9" * 30, b"2026-01-02"]),
        ),
        max_size=6,
    ).map(tuple),
    st.none() | st.binary(max_size=70),
)
def test_no_letter_is_refused(headers: Headers, key: bytes | None) -> None:
    message = Message(SCREENED, 0, key, b"", headers, NOW)
    row = CODEC.decode(message)
    assert keep_letter(row) == Emit((row,))
    assert CODEC.encode(row, message).row_id == row.row_id
    assert DEAD_LETTERS.arrow([row]).num_rows == 1


def test_the_sink_rejects_no_letter() -> None:
    row = row_of(dead(SCREENED, None))
    message = Message(SCREENED, 0, None, b"", (), NOW)
    with pytest.raises(TypeError):
        CODEC.reject(Reject("any"), row, message)
