"""A table's data files: written by pyarrow, and told to the table's log as delta-rs tells its own.

delta-rs' writer takes some two times the processor time for the same file (docs/adr/0025).
"""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.fs import DeltaStorageHandler
from deltalake.transaction import AddAction

from pixelprose.lake import PARTITION_BY, TableSpec
from pixelprose.sink.files import parquet_options

_compute: Any = pc  # the stubs know not all of either
_parquet: Any = pq


class DataFiles:
    """Where the data files of one table are put: its own store, through delta-rs."""

    def __init__(self, uri: str, spec: TableSpec, options: Mapping[str, str]) -> None:
        self._uri = uri
        self._spec = spec
        self._options = options

    def put(self, values: pa.Table) -> list[AddAction]:
        """Write one file for each day of the rows; return what their commit must say.

        Until then no one sees them; if it never comes, vacuum takes them.

        Raises:
            OSError: the store does not answer or refuses.
            pyarrow.ArrowException: the rows are not of their schema.
        """
        return [self._put(day, rows) for day, rows in _by_day(values)]

    def _put(self, day: date, rows: pa.Table) -> AddAction:
        path = f"{PARTITION_BY}={day}/part-{uuid4()}.zstd.parquet"
        with self._store.open_output_stream(path) as stream:
            # Straight into the stream: its own `write` and `upload` take no buffers of pyarrow's.
            _parquet.write_table(rows, stream, **parquet_options(self._spec, rows.schema))
            size = stream.tell()
        return AddAction(
            path=path,
            size=size,
            partition_values={PARTITION_BY: str(day)},
            modification_time=int(time.time() * 1000),
            data_change=True,
            stats=json.dumps(statistics(rows, self._spec)),
        )

    @cached_property
    def _store(self) -> DeltaStorageHandler:
        # Made once: a client costs 5 ms, and its connections can be used again.
        return DeltaStorageHandler(self._uri, dict(self._options))


def statistics(rows: pa.Table, spec: TableSpec) -> Mapping[str, Any]:
    """Return what the log says of a file's rows, for readers that skip files by it.

    Bounds are whole, whatever their length: the protocol lets strings be cut and asks for nothing.
    """
    names = [name for name in spec.statistics if name in rows.column_names]
    bounds = {name: _compute.min_max(rows.column(name)).as_py() for name in names}
    return {
        "numRecords": rows.num_rows,
        "minValues": _told(bounds, "min"),
        "maxValues": _told(bounds, "max"),
        "nullCount": {name: rows.column(name).null_count for name in names},
    }


def _told(bounds: Mapping[str, Any], bound: str) -> Mapping[str, Any]:
    # A column of nulls alone has none.
    found = {name: both[bound] for name, both in bounds.items() if both[bound] is not None}
    return {
        name: f"{value:%Y-%m-%dT%H:%M:%S.%fZ}" if isinstance(value, datetime) else value
        for name, value in found.items()
    }


def _by_day(values: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    column = values.column(PARTITION_BY)
    days = sorted(_compute.unique(column).to_pylist())
    for day in days:
        # Most commits are of one day, and to choose is to copy.
        rows = values if len(days) == 1 else values.filter(_compute.equal(column, day))
        yield day, rows.drop_columns([PARTITION_BY])
