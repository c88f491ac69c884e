"""Small real tables: written by the sink's own guarded commit, from the records' examples."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

import msgspec
from pydantic import SecretStr

from pixelprose.curator.lake import Lake
from pixelprose.lake import (
    CAPTIONS,
    REJECTIONS,
    CaptionRow,
    DeadLetterRow,
    Position,
    RejectionRow,
    TableSpec,
)
from pixelprose.objectstore import StoreSettings, image_rendition
from pixelprose.records import (
    CaptionAnnotated,
    Group,
    ImageRejected,
    Registry,
    RegistrySettings,
    Wire,
    topic_of,
)
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.sink.delta import DeltaLakeTable, table_in
from pixelprose.sink.guarded import GuardedTable
from pixelprose.sink.row import Row
from pixelprose.sink.rows import caption_row, rejection_row
from pixelprose.streamkit import Message, TopicPartition

NOON: Final = datetime(2026, 1, 2, 12, tzinfo=UTC)
SOURCES: Final = ("cc12m", "redcaps", "your own")
LANES: Final = 2
APP: Final = "cluster/topic/"
"""What the app ids of these tables begin with, unless a test says otherwise."""

G = TypeVar("G", bound=Group)


def digest(*parts: object) -> str:
    """Return 64 hex digits that are always the same for the same parts."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


def a_record(record: type[G]) -> tuple[G, bytes]:
    """Return a record's full example, and its bytes."""
    found = example(packaged(), record, "full")
    return found, Wire(record, Registry(RegistrySettings())).encode(found)


def a_caption(number: int, **changed: object) -> CaptionRow:
    """Return the row of caption `number`: sources, days and partitions take turns."""
    record, value = a_record(CaptionAnnotated)
    source = SOURCES[number % len(SOURCES)]
    submission = msgspec.structs.replace(
        record.submission,
        image_id=digest("image", number),
        submission_id=digest("submission", number),
        attempt=0,
        source=source,
        url=f"https://{source.replace(' ', '-')}.example/{number}.jpg",
        fields={},
    )
    sha256 = digest("bytes", number)
    record = msgspec.structs.replace(
        record,
        submission=submission,
        image=msgspec.structs.replace(
            record.image, sha256=sha256, rendition_key=image_rendition(sha256)
        ),
        caption=msgspec.structs.replace(
            record.caption, row_id=digest("row", number), text=f"Picture {number}: a red cube."
        ),
    )
    cause = _cause(topic_of(CaptionAnnotated), number, value)
    return msgspec.structs.replace(caption_row(record, cause, {}), **changed)


def a_duplicate(number: int, owner: str) -> RejectionRow:
    """Return the rejection of a submission whose bytes another had brought."""
    record, value = a_record(ImageRejected)
    record = msgspec.structs.replace(
        record,
        submission=msgspec.structs.replace(
            record.submission, submission_id=digest("duplicate", number), attempt=0
        ),
        reason="duplicate_content",
        duplicate_of=owner,
        rejected_at=NOON,
    )
    return rejection_row(record, _cause(topic_of(ImageRejected), number, value), {})


def a_dead_letter(partition: int, offset: int) -> DeadLetterRow:
    """Return the row of a caption record, at that place, that nobody could work on."""
    return DeadLetterRow(
        ingest_date=NOON.date(),
        ingested_at=NOON,
        row_id=digest("letter", partition, offset),
        image_id=None,
        submission_id=None,
        attempt=0,
        stage="sink.captions",
        stage_version="1",
        reason="undecodable",
        error_class="Undecodable",
        died_at=NOON,
        record=Position(topic=topic_of(CaptionAnnotated), partition=partition, offset=offset),
        lineage=Position(topic="letters", partition=0, offset=offset),
    )


def _cause(topic: str, number: int, value: bytes) -> Message:
    at = TopicPartition(topic, number % LANES)
    time = NOON + timedelta(days=number // 8 % 2, seconds=number)
    # Every third offset: transactions leave gaps between records that are no loss.
    offset = 3 * (number // LANES)
    return Message(at, offset, b"key", value, (("ce_id", digest("event", number).encode()),), time)


class Access(Protocol):
    """An S3 server and who may use it; the embedded one's is such."""

    @property
    def endpoint(self) -> str: ...  # noqa: D102 - as in `StoreSettings`
    @property
    def access_key(self) -> str: ...  # noqa: D102 - as in `StoreSettings`
    @property
    def secret_key(self) -> SecretStr: ...  # noqa: D102 - as in `StoreSettings`
    @property
    def region(self) -> str: ...  # noqa: D102 - as in `StoreSettings`


@dataclass
class SmallLake:
    """Tables in a bucket, and the sink's way of writing to them."""

    settings: StoreSettings
    app: str = APP
    lake: Lake = field(init=False)

    def __post_init__(self) -> None:
        self.lake = Lake(self.settings)

    def create(self, spec: TableSpec) -> DeltaLakeTable:
        """Make a table as the sink does."""
        table = table_in(self.lake.store, self.settings, spec)
        table.create()
        return table

    def append(self, spec: TableSpec, rows: Sequence[Any]) -> int:
        """Append rows by one guarded commit; return how many were new."""
        found = [
            Row(
                TopicPartition(row.lineage.topic, row.lineage.partition),
                row.lineage.offset,
                row,
                row_id=row.row_id,
            )
            for row in rows
        ]
        apps = {row.at: f"{self.app}{row.at.partition}" for row in found}
        return GuardedTable(self.create(spec), apps).append(found).new

    def captions(self, *spans: range) -> None:
        """Append captions, one commit per span of numbers."""
        for span in spans:
            self.append(CAPTIONS, [a_caption(number) for number in span])

    def duplicates(self, *owners: str) -> None:
        """Append one rejection per owner of bytes."""
        self.append(REJECTIONS, [a_duplicate(*pair) for pair in enumerate(owners)])

    def image(self, number: int) -> bytes:
        """Put the rendition of caption `number` into the store, and return it."""
        data = f"JPEG {number}".encode() * 10
        key = image_rendition(digest("bytes", number))
        self.lake.store.put(key, data, content_type="image/jpeg")
        return data

    def aws_variables(self) -> Mapping[str, str]:
        """Return the variables by which any program finds the store."""
        store = self.settings
        return {
            "AWS_ENDPOINT_URL": store.endpoint,
            "AWS_REGION": store.region,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": store.access_key,
            "AWS_SECRET_ACCESS_KEY": store.secret_key.get_secret_value(),
        }

    def command_variables(self) -> Mapping[str, str]:
        """Return the variables by which our commands find the store, and no broker."""
        store = self.settings
        return {
            "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
            "PIXELPROSE_STORE__ENDPOINT": store.endpoint,
            "PIXELPROSE_STORE__BUCKET": store.bucket,
            "PIXELPROSE_STORE__ACCESS_KEY": store.access_key,
            "PIXELPROSE_STORE__SECRET_KEY": store.secret_key.get_secret_value(),
        }


@contextmanager
def small_lake(access: Access, *, bucket: str | None = None) -> Iterator[SmallLake]:
    """A lake without tables, in a bucket of its own unless one is named."""
    made = SmallLake(
        StoreSettings(
            endpoint=access.endpoint,
            bucket=bucket or f"lake-{secrets.token_hex(6)}",
            access_key=access.access_key,
            secret_key=access.secret_key,
            region=access.region,
            create_bucket=True,
        )
    )
    try:
        made.lake.store.prepare()
        yield made
    finally:
        made.lake.close()
