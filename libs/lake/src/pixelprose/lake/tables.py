"""The tables: their columns, order inside a file, and which columns get statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import msgspec
import pyarrow as pa

from pixelprose.lake.arrow import arrow_fields, arrow_table
from pixelprose.lake.rows import CaptionRow, DeadLetterRow, ImageRow, RejectionRow

PARTITION_BY = "ingest_date"
"""Column that every table is split by into folders."""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table of the lake.

    Attributes:
        name: the folder under `lake/` in the store.
        row: the class that defines the columns.
        sort_by: columns that rows are sorted by inside a file of the sink; a compacted file is
            such files one behind the other.
        statistics: columns with minimum and maximum per file. None on URL, alt text and caption:
            statistics stay in the table's log and would outlive an erasure.
        looked_up: columns with a Bloom filter per row group. Digests are spread evenly over every
            file, so minimum and maximum exclude nothing.
    """

    name: str
    row: type[msgspec.Struct]
    sort_by: tuple[str, ...]
    statistics: tuple[str, ...]
    looked_up: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, nested groups as structs; nullable only where the class says so."""
        return pa.schema(arrow_fields(self.row))

    def arrow(self, rows: Sequence[msgspec.Struct]) -> pa.Table:
        """Return the rows as one sorted Arrow table."""
        return arrow_table(self.row, sorted(rows, key=attrgetter(*self.sort_by)))


CAPTIONS = TableSpec(
    name="captions",
    row=CaptionRow,
    sort_by=("dataset", "image_id"),
    statistics=(
        "ingested_at",
        "row_id",
        "image_id",
        "submission_id",
        "attempt",
        "dataset",
        "sha256",
        "policy_hash",
    ),
    looked_up=("row_id", "image_id", "submission_id", "sha256"),
)

IMAGES = TableSpec(
    name="images",
    row=ImageRow,
    sort_by=("dataset", "image_id"),
    statistics=(
        "ingested_at",
        "row_id",
        "image_id",
        "submission_id",
        "attempt",
        "dataset",
        "sha256",
    ),
    looked_up=("row_id", "image_id", "submission_id", "sha256"),
)

REJECTIONS = TableSpec(
    name="rejections",
    row=RejectionRow,
    sort_by=("dataset", "image_id"),
    statistics=(
        "ingested_at",
        "row_id",
        "image_id",
        "submission_id",
        "attempt",
        "dataset",
        "sha256",
        "stage",
        "reason",
        "rejected_at",
    ),
    looked_up=("row_id", "image_id", "submission_id", "sha256"),
)

DEAD_LETTERS = TableSpec(
    name="dead_letters",
    row=DeadLetterRow,
    sort_by=("stage", "row_id"),
    statistics=(
        "ingested_at",
        "row_id",
        "image_id",
        "submission_id",
        "attempt",
        "stage",
        "reason",
        "died_at",
    ),
    looked_up=("row_id", "image_id", "submission_id"),
)

TABLES = (CAPTIONS, IMAGES, REJECTIONS, DEAD_LETTERS)


def table_named(name: str) -> TableSpec:
    """Return a table by name.

    Raises:
        KeyError: there is no such table.
    """
    return {table.name: table for table in TABLES}[name]
