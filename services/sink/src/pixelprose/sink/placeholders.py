"""What lies below a null struct.

A field that is never null has no value where its struct is null. pyarrow's Parquet writer takes
that for a null of the field itself and refuses it (delta-rs' does not), so something must lie
there; it is not written.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

Column: TypeAlias = Any
"""An Arrow array; of which type, is known at run time alone."""

_arrow: Any = pa  # the stubs know no signature with a type that is known at run time alone
_compute: Any = pc


def with_placeholders(rows: pa.Table) -> pa.Table:
    """Return the same rows, with any values where fields that are never null have none."""
    columns = [
        _arrow.chunked_array([_solid(part) for part in column.chunks], type=column.type)
        for column in rows.columns
    ]
    return pa.Table.from_arrays(columns, schema=rows.schema)


def _solid(column: Column) -> Column:
    """Return a column with placeholders inside; itself where none are needed."""
    build = _BUILDERS.get(type(column.type))
    return build(column, column.is_null() if column.null_count else None) if build else column


def _present(column: Column) -> Column:
    """Return a column without nulls."""
    kind = column.type
    if build := _BUILDERS.get(type(kind)):
        return build(column, None)
    return _compute.fill_null(column, "" if pa.types.is_string(kind) else _zero(kind))


def _zero(kind: Any) -> Any:  # noqa: ANN401 - a scalar of any type
    return _arrow.scalar(0, pa.int64()).cast(kind)


def _struct(column: Column, mask: Column | None) -> Column:
    fields = list(column.type)
    inside = [
        _solid(part) if field.nullable or not part.null_count else _present(part)
        for field, part in zip(fields, map(column.field, range(len(fields))), strict=True)
    ]
    return _arrow.StructArray.from_arrays(inside, fields=fields, mask=mask)


def _list(column: Column, mask: Column | None) -> Column:
    items = _solid(column.values)
    return _arrow.ListArray.from_arrays(column.offsets, items, type=column.type, mask=mask)


def _map(column: Column, mask: Column | None) -> Column:
    return _arrow.MapArray.from_arrays(
        column.offsets, column.keys, _solid(column.items), type=column.type, mask=mask
    )


_BUILDERS: Final[Mapping[type, Callable[[Column, Column | None], Column]]] = {
    pa.StructType: _struct,
    pa.ListType: _list,
    pa.MapType: _map,
}
