"""Captions of real size: 1.5 KB of text and all their metadata, each with ids of its own."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pixelprose.lake import CAPTIONS
from pixelprose.objectstore import image_rendition
from pixelprose.records import (
    CaptionAnnotated,
    ImageId,
    Registry,
    RegistrySettings,
    RowId,
    Sha256,
    SubmissionId,
    Wire,
    schema_text,
    topic_of,
)
from pixelprose.records.codec import Passing, RecordCodec
from pixelprose.records.testing import like_example
from pixelprose.sink.codec import RowCodec
from pixelprose.sink.columns import caption_columns
from pixelprose.sink.delta import DeltaLakeTable
from pixelprose.sink.guarded import GuardedTable
from pixelprose.sink.reading import ColumnReader
from pixelprose.sink.rows import caption_row
from pixelprose.streamkit import Message, TopicPartition
from pixelprose.streamkit.letters import DeadLetters

AT: Final = TopicPartition(topic_of(CaptionAnnotated), 0)
APP: Final = "bench"
NOON: Final = datetime(2026, 1, 2, 12, tzinfo=UTC)
SOURCES: Final = ("cc12m", "redcaps", "your own")

_DIFFERENT: Final = 4_000
"""Captions with a text of their own: more than a dictionary of a Parquet file takes."""

WORDS: Final = [
    f"{a}{b}" for a in ("mo", "ta", "ri", "sen", "ble", "kor") for b in ("na", "li", "ter", "d")
]
_REGISTRY: Final = Registry(RegistrySettings())
WIRE: Final = Wire(CaptionAnnotated, _REGISTRY)
_RECORDS: Final = RecordCodec(
    Passing(service="sink", stage="sink", version="1", instance="live", cluster="c"),
    _REGISTRY,
    now=lambda: NOON,
)


class Captions:
    """Makes messages as they lie on the topic; the same seed makes the same."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._made: list[tuple[bytes, Sequence[bytes]]] = []

    def messages(self, count: int, *, start: int = 0) -> list[Message]:
        """Return captions with these offsets; a second lies between two of them."""
        return [
            Message(AT, start + n, b"k", value, (), NOON + timedelta(seconds=start + n))
            for n, value in enumerate(self._values(count))
        ]

    def _values(self, count: int) -> Iterator[bytes]:
        while len(self._made) < _DIFFERENT:
            self._made.append(self._caption())
        for number in range(count):
            value, ids = self._made[number % len(self._made)]
            # Digests are of one length, so others in their place leave the bytes a record.
            for one in ids:
                value = value.replace(one, self._digest().encode())
            yield value

    def _caption(self) -> tuple[bytes, Sequence[bytes]]:
        """An encoded caption, and the ids in it."""
        image, submission, row, sha256 = ids = [self._digest() for _ in range(4)]
        url = f"https://images.example/{submission}.jpg"
        record = like_example(
            CaptionAnnotated,
            submission={
                "submission_id": SubmissionId(submission),
                "image_id": ImageId(image),
                "source": self._random.choice(SOURCES),
                "url": url,
                "canonical_url": url,
            },
            image={"sha256": Sha256(sha256), "rendition_key": image_rendition(Sha256(sha256))},
            caption={
                "row_id": RowId(row),
                "text": " ".join(self._random.choices(WORDS, k=400))[:1500],
            },
        )
        value = WIRE.encode(record)
        return value, [one.encode() for one in ids]

    def _digest(self) -> str:
        return f"{self._random.getrandbits(256):064x}"


def opened(folder: Path, name: str) -> tuple[DeltaLakeTable, GuardedTable]:
    """Return a new table in the folder, and its guard."""
    table = DeltaLakeTable(str(folder / name), CAPTIONS, {})
    table.create()
    return table, GuardedTable(table, {AT: APP})


def column_reader() -> ColumnReader:
    """Return what reads captions in the sink."""
    return ColumnReader(
        CAPTIONS,
        caption_columns,
        RowCodec(_RECORDS, caption_row, instance="live"),
        DeadLetters("sink.captions", version="1"),
        schema=schema_text("CaptionAnnotated"),
        prefix=_RECORDS.prefix(CaptionAnnotated),
        instance="live",
        fuse_least=50,
        fuse_share=0.5,
    )
