"""Records as rows of the real tables, and what the views say of them."""

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from confluent_kafka.schema_registry import Schema
from deltalake import DeltaTable, QueryBuilder
from fastavro import parse_schema, schemaless_writer

from pixelprose.lake import (
    CAPTIONS,
    CAPTIONS_CURRENT,
    DEAD_LETTERS,
    IMAGES,
    PIXELPROSE_28,
    REJECTIONS,
    SUBMISSION_ENDS,
    CaptionRow,
    DeadLetterRow,
    Position,
    RejectionRow,
    TableSpec,
    columns_of,
)
from pixelprose.records import (
    CaptionAnnotated,
    Group,
    ImageAnnotated,
    ImageId,
    ImageRejected,
    Registry,
    RegistrySettings,
    RowId,
    SubmissionId,
    Wire,
    schema_text,
    topic_of,
)
from pixelprose.records.body import plain
from pixelprose.records.codec import Passing, RecordCodec
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.records.registry import subject_of
from pixelprose.sink.codec import RowCodec
from pixelprose.sink.delta import DeltaLakeTable
from pixelprose.sink.late import LateCodec
from pixelprose.sink.row import Row
from pixelprose.sink.rows import caption_row, image_row, rejection_row
from pixelprose.streamkit import Message, TopicPartition

AT = TopicPartition("things", 0)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
G = TypeVar("G", bound=Group)


def read(record: type[G], name: str = "full") -> tuple[G, Message]:
    known = example(packaged(), record, name)
    value = Wire(record, Registry(RegistrySettings())).encode(known)
    return known, Message(AT, 7, b"key", value, (("ce_id", b"an event"),), NOON)


def a_caption(**changed: Any) -> CaptionRow:  # noqa: ANN401 - a row's fields
    return msgspec.structs.replace(caption_row(*read(CaptionAnnotated), {}), **changed)


def a_rejection(**changed: Any) -> RejectionRow:  # noqa: ANN401 - a row's fields
    return msgspec.structs.replace(rejection_row(*read(ImageRejected), {}), **changed)


def a_dead_letter(submission: str, attempt: int) -> DeadLetterRow:
    return DeadLetterRow(
        ingest_date=NOON.date(),
        ingested_at=NOON,
        row_id=f"letter of {submission} {attempt}",
        image_id=None,
        submission_id=SubmissionId(submission),
        attempt=attempt,
        stage="captioner",
        stage_version="1",
        reason="undecodable",
        error_class="ValueError",
        died_at=NOON,
        record=Position(topic="things", partition=0, offset=1),
        lineage=Position(topic="things.dlq", partition=0, offset=0),
    )


class Lake:
    """Real tables in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._written = 0

    def write(self, spec: TableSpec, *rows: msgspec.Struct) -> DeltaTable:
        table = DeltaLakeTable(str(self._root / spec.name), spec, {})
        table.create()
        if rows:
            self._written += 1
            found = [Row(AT, number, row) for number, row in enumerate(rows)]
            table.snapshot().append(found, {"app": self._written})
        return DeltaTable(table.uri)

    def query(self, sql: str, *specs: TableSpec) -> Sequence[dict[str, Any]]:
        builder = QueryBuilder()
        for spec in specs:
            builder = builder.register(spec.name, DeltaTable(str(self._root / spec.name)))
        return pa.table(builder.execute(sql).read_all()).to_pylist()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.mark.parametrize("name", ["full", "minimal"])
def test_a_caption_keeps_everything_that_its_record_says(name: str) -> None:
    record, cause = read(CaptionAnnotated, name)
    row = caption_row(record, cause, {})
    (found,) = CAPTIONS.arrow([row]).to_pylist()
    kept = msgspec.to_builtins(record, builtin_types=(datetime,))
    assert found["source"]["url"] == kept["submission"]["url"]
    assert found["dataset"] == kept["submission"]["source"]
    assert found["source"]["fetch"]["status"] == kept["fetch"]["status"]
    assert found["consent"]["signals"] == list(kept["fetch"]["consent"])
    assert found["safety"]["nsfw_score"] == kept["screening"]["nsfw_score"]
    assert found["caption"]["text"] == kept["caption"]["text"]
    assert found["policy_hash"] == kept["caption"]["policy_hash"]
    assert len(found["lineage"]["hops"]) == len(kept["lineage"])
    assert [found["lineage"][at] for at in ("topic", "partition", "offset")] == ["things", 0, 7]
    assert (found["ingested_at"], found["ingest_date"]) == (NOON, NOON.date())


def of_a_newer_schema(registry: Registry) -> bytes:
    """A caption by whose schema the record and its caption have a mood."""
    newer: dict[str, Any] = json.loads(schema_text("CaptionAnnotated"))
    mood = {"name": "mood", "type": "string", "default": ""}
    newer["fields"].append(mood)
    fields = {field["name"]: field["type"] for field in newer["fields"]}
    fields["caption"]["fields"].append(mood)
    subject = subject_of("CaptionAnnotated")
    known = registry._client.register_schema(subject, Schema(json.dumps(newer), "AVRO"))
    said = plain(example(packaged(), CaptionAnnotated, "full"))
    said["mood"], said["caption"]["mood"] = "calm", "bright"
    body = io.BytesIO()
    schemaless_writer(body, parse_schema(newer), said)
    return b"\0" + known.to_bytes(4, "big") + body.getvalue()


def test_what_a_newer_schema_says_beyond_ours_is_in_the_row(lake: Lake) -> None:
    registry = Registry(RegistrySettings(url="mock://newer"))
    passing = Passing(service="sink", stage="sink", version="1", instance="live", cluster="c")
    records = RecordCodec(passing, registry, now=lambda: NOON)
    rows: RowCodec[CaptionAnnotated] = RowCodec(records, caption_row, instance="live")
    late = LateCodec(rows, records.prefix(CaptionAnnotated))
    value = of_a_newer_schema(registry)
    at = TopicPartition(topic_of(CaptionAnnotated), 0)
    read = late.decode(Message(at, 7, b"key", value, (), NOON))
    assert isinstance(read, Row)
    assert isinstance(read.values, CaptionRow)
    lake.write(CAPTIONS, read.values)
    (found,) = lake.query("select lineage from captions", CAPTIONS)
    assert dict(found["lineage"]["unknown"]) == {"mood": '"calm"', "caption.mood": '"bright"'}
    assert found["lineage"]["schema_id"] == int.from_bytes(value[1:5], "big")


def leaves(group: type[msgspec.Struct]) -> set[str]:
    """Names of all fields at any depth."""
    return {column.path.split(".")[-1].removesuffix("[]") for column in columns_of(group)}


@pytest.mark.parametrize(
    ("record", "row", "elsewhere"),
    [
        (
            CaptionAnnotated,
            CAPTIONS.row,
            {"submission", "screening", "fetch"},
        ),
        (ImageAnnotated, IMAGES.row, {"submission", "screening", "fetch"}),
        # What a retry takes is in the topic: the tables hold no payloads.
        (ImageRejected, REJECTIONS.row, {"submission", "record", "record_topic"}),
    ],
    ids=["captions", "images", "rejections"],
)
def test_no_field_of_a_record_is_forgotten(
    record: type[Group], row: type[msgspec.Struct], elsewhere: set[str]
) -> None:
    assert leaves(record) - leaves(row) <= elsewhere


def test_a_rejection_keeps_what_the_publisher_said() -> None:
    record, cause = read(ImageRejected)
    consent = rejection_row(record, cause, {}).consent
    assert record.consent
    assert consent.signals == record.consent
    assert consent.consent_policy == record.consent_policy
    assert consent.consent_policy_hash == record.consent_policy_hash


def test_every_row_names_its_own_identity(lake: Lake) -> None:
    image = image_row(*read(ImageAnnotated), {})
    assert image.row_id == a_rejection().row_id == "an event"
    known, cause = read(ImageAnnotated)
    strange = msgspec.structs.replace(image, row_id="")
    without = image_row(known, Message(AT, 7, None, cause.value, (), NOON), {})
    assert strange.row_id != without.row_id != image.row_id
    assert len(without.row_id) == 64
    in_a_topic_made_anew = Message(AT, 7, None, cause.value, (), NOON + timedelta(seconds=1))
    assert image_row(known, in_a_topic_made_anew, {}).row_id != without.row_id
    lake.write(IMAGES, image)
    assert lake.query("select row_id from images", IMAGES) == [{"row_id": "an event"}]


def test_the_log_and_the_files_hold_statistics_of_the_named_columns_alone(lake: Lake) -> None:
    for spec, row in (
        (CAPTIONS, a_caption()),
        (IMAGES, image_row(*read(ImageAnnotated), {})),
        (REJECTIONS, a_rejection()),
        (DEAD_LETTERS, a_dead_letter("a", 0)),
    ):
        table = lake.write(spec, row)
        actions = pa.table(table.get_add_actions(flatten=True)).column_names
        logged = {name.removeprefix("min.") for name in actions if name.startswith("min.")}
        assert logged == set(spec.statistics)
        (path,) = table.file_uris()
        group = pq.read_metadata(path).row_group(0)
        columns = [group.column(number) for number in range(group.num_columns)]
        assert {c.path_in_schema for c in columns if c.is_stats_set} == set(spec.statistics)
        assert {c.compression for c in columns} == {"ZSTD"}
        log = "".join(file.read_text() for file in Path(table.table_uri).glob("_delta_log/*.json"))
        for text in ("https://", "ferry"):
            assert text not in log.replace("https://parquet", "")


def test_the_current_caption_is_the_newest_of_its_image(lake: Lake) -> None:
    older = a_caption(row_id=RowId("older"))
    late = msgspec.structs.replace(
        older.caption, generated_at=older.caption.generated_at + timedelta(1)
    )
    newer = a_caption(row_id=RowId("newer"), policy_hash="other", caption=late)
    again = a_caption(row_id=RowId("again"), attempt=1)
    other = a_caption(row_id=RowId("elsewhere"), image_id=ImageId("b"), submission_id="s")
    lake.write(CAPTIONS, older, newer, again, other)
    found = lake.query(f"select row_id from ({CAPTIONS_CURRENT})", CAPTIONS)
    assert {row["row_id"] for row in found} == {"newer", "elsewhere"}
    lake.write(CAPTIONS)
    columns = lake.query(CAPTIONS_CURRENT, CAPTIONS)[0].keys()
    assert list(columns) == CAPTIONS.schema.names


def test_of_one_policy_the_highest_attempt_is_current(lake: Lake) -> None:
    first = a_caption(row_id=RowId("first"))
    again = a_caption(row_id=RowId("again"), attempt=1)
    lake.write(CAPTIONS, again, first)
    found = lake.query(f"select row_id from ({CAPTIONS_CURRENT})", CAPTIONS)
    assert found == [{"row_id": "again"}]


def test_how_every_submission_ended_is_one_query(lake: Lake) -> None:
    lake.write(
        CAPTIONS,
        a_caption(submission_id="captioned"),
        a_caption(submission_id="two policies", policy_hash="p"),
        a_caption(submission_id="at last", attempt=2),
    )
    lake.write(
        REJECTIONS,
        a_rejection(submission_id="two policies", policy_hash="q", reason="refused", attempt=0),
        a_rejection(submission_id="rejected", policy_hash=None, reason="timeout", attempt=0),
        a_rejection(submission_id="at last", policy_hash=None, reason="timeout", attempt=0),
    )
    lake.write(DEAD_LETTERS, a_dead_letter("dead", 0), a_dead_letter("at last", 1))
    ends = lake.query(SUBMISSION_ENDS, CAPTIONS, REJECTIONS, DEAD_LETTERS)
    assert sorted((e["submission_id"], e["attempt"], e["state"], e["reason"]) for e in ends) == [
        ("at last", 2, "captioned", None),
        ("captioned", 0, "captioned", None),
        ("dead", 0, "dead_letter", "undecodable"),
        ("rejected", 0, "rejected", "timeout"),
        ("two policies", 0, "captioned", None),
        ("two policies", 0, "rejected", "refused"),
    ]


def test_pixelprose_columns_can_be_asked_for_as_documented(lake: Lake) -> None:
    lake.write(CAPTIONS, a_caption())
    known = [one for one in PIXELPROSE_28 if one.sql]
    columns = ", ".join(f'{one.sql} as "{one.name}"' for one in known)
    (found,) = lake.query(f"select {columns} from captions", CAPTIONS)
    assert list(found) == [one.name for one in known]
    assert found["vlm_caption"] == a_caption().caption.text
