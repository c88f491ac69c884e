"""Rows of one commit as one sorted Arrow table, wherever their values lie."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from pixelprose.lake import TableSpec
from pixelprose.sink.row import InColumns, Row

_compute: Any = pc  # the stubs know not all of it


def gathered(spec: TableSpec, rows: Sequence[Row]) -> pa.Table:
    """Return the rows as the table's columns, in the order that its files have."""
    plain: list[msgspec.Struct] = []
    parts: list[pa.Table] = []
    begins: dict[int, int] = {}
    wanted: list[int] = []
    for row in rows:
        values = row.values
        if not isinstance(values, InColumns):
            plain.append(values)
            continue
        if (key := id(values.columns)) not in begins:
            begins[key] = sum(part.num_rows for part in parts)
            parts.append(values.columns)
        wanted.append(begins[key] + values.index)
    end = sum(part.num_rows for part in parts)
    if plain or not parts:
        parts.append(spec.arrow(plain))
    whole = pa.concat_tables(parts)
    return _in_order(whole, pa.array([*wanted, *range(end, whole.num_rows)], pa.int64()), spec)


def _in_order(whole: pa.Table, wanted: "pa.Int64Array", spec: TableSpec) -> pa.Table:
    keys = whole.select(list(spec.sort_by)).take(wanted)
    order = _compute.sort_indices(keys, [(name, "ascending") for name in spec.sort_by])
    # The values move once: choosing and sorting are one list of places.
    found: pa.Table = whole.take(wanted.take(order))
    return found
