"""The rows of a source, in one order for ever: by day, image_id and row_id."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from pixelprose.curator.export.plan import Part, Plan, Shard
from pixelprose.curator.export.request import Request
from pixelprose.curator.lake import LakeTable
from pixelprose.curator.where import condition

Values = dict[str, Any]
"""One row: column to plain value, maps as dicts."""


class Counted(Iterator[Values]):
    """Counts what it hands on."""

    def __init__(self, rows: Iterator[Values]) -> None:
        self._rows = rows
        self.count = 0

    def __next__(self) -> Values:
        row = next(self._rows)
        self.count += 1
        return row


class SourceRows:
    """Reads a source's rows once from a given shard on, a shard at a time."""

    def __init__(
        self, table: LakeTable, request: Request, plan: Plan, select: str, *, start: Shard
    ) -> None:
        self._table = table
        self._request = request
        self._superseded = plan.superseded
        self._select = select
        parts, skip = _from(plan.of_source(start.source), start.first)
        self._rows = islice(self._read(parts), skip, None)

    def take(self, count: int) -> Iterator[Values]:
        """Yield the next rows.

        Raises:
            LakeError: a file is missing, or the store does not answer.
        """
        return islice(self._rows, count)

    def _read(self, parts: Sequence[Part]) -> Iterator[Values]:
        for part in parts:
            source = part.source.replace("'", "''")
            # Sorted by day and not in all: memory holds a day of a source, however large the table.
            batches = self._table.batches(
                f"select {self._select}, row_id as _row_id from captions "  # noqa: S608 - the filter is the person's own
                f"where ingest_date = date '{part.day}' and dataset = '{source}' "
                f"and {condition(self._request.where)} order by image_id, row_id"
            )
            for batch in batches:
                yield from self._current(batch)

    def _current(self, batch: pa.RecordBatch) -> Iterator[Values]:
        for row in batch.to_pylist(maps_as_pydicts="strict"):
            if row.pop("_row_id") not in self._superseded:
                yield row


def _from(parts: Sequence[Part], first: int) -> tuple[Sequence[Part], int]:
    """Return the parts from the one that holds row `first` on, and where in it that row is."""
    for number, part in enumerate(parts):
        if first < part.rows:
            return parts[number:], first
        first -= part.rows
    return (), 0
