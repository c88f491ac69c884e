"""Records read together, in native code, are the rows that they are one by one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelprose.lake import CAPTIONS, IMAGES, PARTITION_BY, TableSpec
from pixelprose.records import (
    CaptionAnnotated,
    Group,
    ImageAnnotated,
    Registry,
    RegistrySettings,
    Wire,
    schema_text,
    topic_of,
)
from pixelprose.records.codec import Passing, RecordCodec
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.sink.avro import read_columns
from pixelprose.sink.codec import RowCodec
from pixelprose.sink.columns import caption_columns, image_columns
from pixelprose.sink.delta import DeltaLakeTable
from pixelprose.sink.gathered import gathered
from pixelprose.sink.late import LateCodec
from pixelprose.sink.reading import ColumnReader
from pixelprose.sink.row import InColumns, Row
from pixelprose.sink.rows import caption_row, image_row
from pixelprose.streamkit import ExitCode, Message, Stop, TopicPartition, Undecodable
from pixelprose.streamkit.letters import DeadLetters

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
REGISTRY = Registry(RegistrySettings())
RECORDS = RecordCodec(
    Passing(service="sink", stage="sink", version="1", instance="live", cluster="c"),
    REGISTRY,
    now=lambda: NOON,
)
TABLES: dict[type[Group], tuple[TableSpec, Any, Any]] = {
    CaptionAnnotated: (CAPTIONS, caption_row, caption_columns),
    ImageAnnotated: (IMAGES, image_row, image_columns),
}


class Reading:
    """Both ways to read one topic."""

    def __init__(self, record: type[Group]) -> None:
        self.record = record
        self.spec, row_of, columns_of = TABLES[record]
        self.rows = RowCodec(RECORDS, row_of, instance="live")
        prefix = RECORDS.prefix(record)
        self.late = LateCodec(self.rows, prefix)
        self.reader = ColumnReader(
            self.spec,
            columns_of,
            self.rows,
            DeadLetters(f"sink.{self.spec.name}", version="1", now=lambda: NOON),
            schema=schema_text(record.__name__),
            prefix=prefix,
            instance="live",
            fuse_least=3,
            fuse_share=0.5,
            at_once=2,
        )
        self._wire: Wire[Any] = Wire(record, REGISTRY)

    def message(self, record: Group, offset: int = 0) -> Message:
        at = TopicPartition(topic_of(self.record), offset % 2)
        headers = (("ce_id", f"event {offset}".encode()),)
        later = NOON + timedelta(hours=offset)
        return Message(at, offset, b"key", self._wire.encode(record), headers, later)

    def one_by_one(self, messages: Sequence[Message]) -> list[Row]:
        return [self.rows.encode(self.rows.decode(message), message) for message in messages]

    def assert_same(self, records: Sequence[Group]) -> None:
        messages = [self.message(record, n) for n, record in enumerate(records)]
        together = self.reader([self.late.decode(message) for message in messages])
        assert together.letters == ()
        assert all(isinstance(row.values, InColumns) for row in together.rows)
        expected = self.one_by_one(messages)
        assert [told(row) for row in together.rows] == [told(row) for row in expected]
        assert gathered(self.spec, together.rows).equals(gathered(self.spec, expected))


def told(row: Row) -> tuple[object, ...]:
    return row.at, row.offset, row.row_id, row.again, row.policy_hash


def known(record: type[Group], name: str) -> Group:
    return example(packaged(), record, name)


CAPTION, IMAGE = Reading(CaptionAnnotated), Reading(ImageAnnotated)


@pytest.mark.parametrize("reading", [CAPTION, IMAGE], ids=["captions", "images"])
def test_the_examples_are_the_same_rows_either_way(reading: Reading) -> None:
    full, minimal = known(reading.record, "full"), known(reading.record, "minimal")
    reading.assert_same([full, minimal, full])
    reading.assert_same([minimal])


@pytest.mark.parametrize("reading", [CAPTION, IMAGE], ids=["captions", "images"])
def test_the_examples_become_rows_of_the_table_either_way(reading: Reading, tmp_path: Path) -> None:
    records = [known(reading.record, name) for name in ("minimal", "full", "minimal")]
    messages = [reading.message(record, n) for n, record in enumerate(records)]
    for rows in (reading.reader(messages).rows, reading.one_by_one(messages)):
        folder = mkdtemp(dir=tmp_path)
        table = DeltaLakeTable(folder, reading.spec, {})
        table.create()
        table.snapshot().append(rows, {"app": 1})
        (file,) = DeltaTable(folder).file_uris()
        expected = gathered(reading.spec, rows).drop_columns([PARTITION_BY])
        assert pq.read_table(file, partitioning=None).to_pylist() == expected.to_pylist()


def changed(
    name: str,
    *,
    submission: dict[str, Any],
    fetch: dict[str, Any],
    caption: dict[str, Any],
    hops: int,
    attempt: int,
    instance: str,
) -> CaptionAnnotated:
    replace = msgspec.structs.replace
    record = example(packaged(), CaptionAnnotated, name)
    hop = replace(example(packaged(), CaptionAnnotated, "full").lineage[0], instance=instance)
    return replace(
        record,
        submission=replace(record.submission, attempt=attempt, **submission),
        fetch=replace(record.fetch, **fetch),
        caption=replace(record.caption, **caption),
        lineage=(hop,) * hops,
    )


def captions() -> st.SearchStrategy[CaptionAnnotated]:
    """Captions that differ where rows could be mixed up: text, nulls, lists, maps, numbers."""
    text = st.text(max_size=20)
    maybe = st.none() | text
    whole = st.integers(-(2**63), 2**63 - 1)
    return st.builds(
        changed,
        st.sampled_from(["full", "minimal"]),
        submission=st.fixed_dictionaries(
            {"alt_text": maybe, "fields": st.dictionaries(text, text, max_size=3), "source": text}
        ),
        fetch=st.fixed_dictionaries(
            {"etag": maybe, "redirects": st.lists(text, max_size=3).map(tuple), "status": whole}
        ),
        caption=st.fixed_dictionaries(
            {
                "text": text,
                "row_id": text,
                "absent": st.lists(text, max_size=3).map(tuple),
                "hint_used": st.booleans(),
                "seconds": st.floats(allow_nan=False),
            }
        ),
        hops=st.integers(0, 3),
        attempt=st.integers(0, 2),
        instance=st.sampled_from(["live", "replay"]),
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(captions(), min_size=1, max_size=5))
def test_any_captions_are_the_same_rows_either_way(records: list[CaptionAnnotated]) -> None:
    CAPTION.assert_same(records)


def test_a_record_that_is_none_is_a_dead_letter_and_takes_no_other_with_it() -> None:
    good = [CAPTION.message(known(CaptionAnnotated, "full"), n) for n in range(3)]
    bad = [
        replaced(good[1], good[1].value[:-3]),
        replaced(good[1], good[1].value + b"more"),
        replaced(good[1], good[1].value.replace(b"https", b"\xff\xfe\xfd\xfc\xfb", 1)),
    ]
    for one in bad:
        waiting = [CAPTION.late.decode(message) for message in (good[0], one, good[2])]
        read = CAPTION.reader(waiting)
        assert [told(row) for row in read.rows] == [
            told(row) for row in CAPTION.one_by_one([good[0], good[2]])
        ]
        (letter,) = read.letters
        assert letter.topic == f"{one.at.topic}.sink.captions.dlq"
        assert letter.value == one.value
        assert dict(letter.headers)["dlq_reason"] == b"undecodable"
        assert CAPTION.reader(waiting).letters == read.letters, "a replay says the same"


def test_a_commit_of_records_that_are_none_stops_the_sink_and_commits_nothing() -> None:
    good = [CAPTION.message(known(CaptionAnnotated, "full"), n) for n in range(7)]
    bad = [replaced(message, message.value[:-3]) for message in good]
    read = CAPTION.reader([*good[:4], *bad[4:]])
    assert (len(read.rows), len(read.letters)) == (4, 3), "less than half"
    assert len(CAPTION.reader(bad[:2]).letters) == 2, "only a few"
    with pytest.raises(Stop, match="4 of 7 records") as stop:
        CAPTION.reader([*good[:3], *bad[3:]])
    assert stop.value.code is ExitCode.FUSE_BLOWN


def test_another_schema_s_record_is_read_at_once() -> None:
    ours = CAPTION.message(known(CaptionAnnotated, "full"))
    assert CAPTION.late.decode(ours) is ours
    with pytest.raises(Undecodable):
        CAPTION.late.decode(replaced(ours, b"\x00\x00\x00\xff\xff" + ours.value[5:]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_what_is_read_of_damaged_bytes_is_what_the_other_reader_reads(at: int, byte: int) -> None:
    message = CAPTION.message(known(CaptionAnnotated, "full"))
    body = bytearray(message.value)
    body[5 + at % (len(body) - 5)] = byte
    damaged = replaced(message, bytes(body))
    try:
        row = CAPTION.one_by_one([damaged])
    except Undecodable:
        row = []
    read = CAPTION.reader([damaged])
    assert len(read.rows) == len(row)
    assert len(read.letters) == 1 - len(row)
    if row:
        assert gathered(CAPTIONS, read.rows).equals(gathered(CAPTIONS, row))


def test_columns_are_refused_that_do_not_say_what_the_bytes_say() -> None:
    body = CAPTION.message(known(CaptionAnnotated, "full")).value[5:]
    schema = schema_text("CaptionAnnotated")
    assert read_columns([body, body], schema).num_rows == 2
    with pytest.raises(ValueError, match="more or less"):
        read_columns([body, body + b"\x00"], schema)


def test_rows_of_both_kinds_are_one_table_in_its_order() -> None:
    messages = [CAPTION.message(known(CaptionAnnotated, "full"), n) for n in range(4)]
    together = CAPTION.reader(messages[:3]).rows
    mixed = [together[2], *CAPTION.one_by_one(messages[3:]), together[0]]
    found = gathered(CAPTIONS, mixed)
    lineage: list[Any] = found.column("lineage").to_pylist()
    assert sorted(one["offset"] for one in lineage) == [0, 2, 3]
    assert found.schema.equals(CAPTIONS.schema)
    assert isinstance(found, pa.Table)


def replaced(message: Message, value: bytes) -> Message:
    return Message(
        message.at, message.offset, message.key, value, message.headers, message.timestamp
    )
