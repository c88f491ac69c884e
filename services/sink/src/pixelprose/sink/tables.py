"""The tables: their columns, order inside a file, and which columns get statistics."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import pyarrow as pa

from pixelprose.sink.arrow import arrow_fields
from pixelprose.sink.rows import CaptionRow, RejectionRow, Row

PARTITION_BY = "ingest_date"


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table of the lake.

    Attributes:
        name: the folder under `lake/` in the store.
        row: the class that defines the columns.
        sort_by: columns that rows are sorted by inside a file.
        statistics: columns with minimum and maximum per file. None on URL, alt text and caption:
            statistics stay in the table's log and would outlive an erasure.
    """

    name: str
    row: type[msgspec.Struct]
    sort_by: tuple[str, ...]
    statistics: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, nested groups as structs; nullable only where the class says so."""
        return pa.schema(arrow_fields(self.row))

    def arrow(self, rows: Sequence[Row]) -> pa.Table:
        """Return the rows as one sorted Arrow table."""
        table = pa.Table.from_pylist([dict(row.values) for row in rows], schema=self.schema)
        return table.sort_by([(name, "ascending") for name in self.sort_by])


CAPTIONS = TableSpec(
    name="captions",
    row=CaptionRow,
    sort_by=("source", "image_id"),
    statistics=("row_id", "image_id", "submission_id", "sha256", "source", "attempt"),
)

REJECTIONS = TableSpec(
    name="rejections",
    row=RejectionRow,
    sort_by=("source", "image_id"),
    statistics=("image_id", "submission_id", "stage", "reason", "rejected_at"),
)
