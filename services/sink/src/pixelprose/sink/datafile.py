"""A table's data files: written by pyarrow, and told to the table's log as delta-rs tells its own.

delta-rs' writer takes some two times the processor time for the same file (docs/adr/0025).
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from pixelprose.lake import PARTITION_BY, TableSpec
from pixelprose.objectstore import ObjectKey, ObjectStore
from pixelprose.sink.files import parquet_options
from pixelprose.sink.placeholders import with_placeholders

_compute: Any = pc  # the stubs know not all of either
_parquet: Any = pq

_CONTENT_TYPE: Final = "application/vnd.apache.parquet"

Put = Callable[[str, bytes], None]
"""Puts bytes under a path below a table; one request, so that no half of an upload stays."""


def into_store(store: ObjectStore, folder: str) -> Put:
    """Return what puts files below a folder of the store."""

    def put(path: str, data: bytes) -> None:
        store.put(ObjectKey(f"{folder}/{path}"), data, content_type=_CONTENT_TYPE)

    return put


def into_folder(folder: Path) -> Put:
    """Return what puts files below a folder of this machine."""

    def put(path: str, data: bytes) -> None:
        file = folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)

    return put


class DataFiles:
    """The data files of one table."""

    def __init__(self, spec: TableSpec, put: Put) -> None:
        self._spec = spec
        self._put = put

    def write(self, values: pa.Table) -> list[AddAction]:
        """Write one file for each day of the rows; return what their commit must say.

        Until then no one sees them; if it never comes, vacuum takes them.

        Raises:
            StoreError, OSError: the store does not answer or refuses.
            pyarrow.ArrowException: the rows are not of their schema.
        """
        return [self._written(day, rows) for day, rows in _by_day(values)]

    def _written(self, day: date, rows: pa.Table) -> AddAction:
        path = f"{PARTITION_BY}={day}/part-{uuid4()}.zstd.parquet"
        data = _encoded(rows, self._spec)
        self._put(path, data)
        return AddAction(
            path=path,
            size=len(data),
            partition_values={PARTITION_BY: str(day)},
            modification_time=int(time.time() * 1000),
            data_change=True,
            # As it is: delta-rs' reader takes the escapes of U+10FFFF for U+FFFFF, a lower bound.
            stats=json.dumps(statistics(rows, self._spec), ensure_ascii=False),
        )


def statistics(rows: pa.Table, spec: TableSpec) -> Mapping[str, Any]:
    """Return what the log says of a file's rows, for readers that skip files by it.

    Times are cut to milliseconds, as the protocol has it and readers expect; texts are whole.
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
        name: value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if isinstance(value, datetime)
        else value
        for name, value in found.items()
    }


def _by_day(values: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    column = values.column(PARTITION_BY)
    days = sorted(_compute.unique(column).to_pylist())
    for day in days:
        # Most commits are of one day, and to choose is to copy.
        rows = values if len(days) == 1 else values.filter(_compute.equal(column, day))
        yield day, rows.drop_columns([PARTITION_BY])


def _encoded(rows: pa.Table, spec: TableSpec) -> bytes:
    sink = BytesIO()
    values = with_placeholders(rows)
    _parquet.write_table(values, sink, **parquet_options(spec, rows.schema))
    return sink.getvalue()
