"""What to do when a table's columns are not ours: an older release made it, or a newer one."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from pixelprose.sink import columns

Fields = Sequence["pa.Field[Any]"]

_arrow: Any = pa  # the stubs know no signature with a type that is known at run time alone


def is_known(ours: Fields, theirs: Fields) -> bool:
    """Whether the table has all our columns, at every depth."""
    known = {field.name: field for field in theirs}
    return all(
        field.name in known and is_known(_inside(field.type), _inside(known[field.name].type))
        for field in ours
    )


def fitted(values: pa.Table, theirs: Fields) -> pa.Table:
    """Return the values in the table's columns, in its order; those that we lack are null."""
    found: list[Any] = [
        _as(field.type, values.column(field.name))
        if field.name in values.column_names
        else _arrow.nulls(values.num_rows, field.type)
        for field in theirs
    ]
    return pa.Table.from_arrays(found, schema=pa.schema(theirs))


def _as(kind: pa.DataType, column: "pa.ChunkedArray[Any]") -> Any:  # noqa: ANN401 - a column, whole or in parts
    # Arrow's own cast refuses a null struct with fields that are not null, even to the same type.
    return column if column.type == kind else columns.fitted(column.combine_chunks(), kind)


def clashes(ours: Fields, theirs: Fields, above: str = "") -> Iterator[str]:
    """Yield the columns, by path, that the table has with another type, or needs and we lack."""
    names = {field.name for field in ours}
    yield from (f"{above}{f.name}" for f in theirs if not f.nullable and f.name not in names)
    known = {field.name: field for field in theirs}
    for field in ours:
        if field.name in known:
            yield from _clashes(field.type, known[field.name].type, f"{above}{field.name}")


def _clashes(ours: pa.DataType, theirs: pa.DataType, path: str) -> Iterator[str]:
    if ours.id != theirs.id:
        yield path
    elif pa.types.is_list(ours):
        yield from _clashes(ours.field(0).type, theirs.field(0).type, f"{path}[]")
    else:
        yield from clashes(_inside(ours), _inside(theirs), f"{path}.")


def joining(ours: Fields, theirs: Fields) -> "list[pa.Field[Any]]":
    """Return our columns as the table takes them: those it has not yet may be null.

    Rows that are older have no value there, whatever our class says.
    """
    known = {field.name: field for field in theirs}
    return [
        _joined(field, known[field.name]) if field.name in known else _optional(field)
        for field in ours
    ]


def _joined(ours: "pa.Field[Any]", theirs: "pa.Field[Any]") -> "pa.Field[Any]":
    if pa.types.is_struct(ours.type):
        inside = joining(_inside(ours.type), _inside(theirs.type))
        return pa.field(ours.name, pa.struct(inside), nullable=ours.nullable)
    if pa.types.is_list(ours.type):
        # Delta calls it `element`, whatever the reader of its schema makes of that.
        element = _joined(ours.type.field(0), theirs.type.field(0))
        return pa.field(ours.name, pa.list_(element), nullable=ours.nullable)
    return ours


def _optional(field: "pa.Field[Any]") -> "pa.Field[Any]":
    return pa.field(field.name, field.type, nullable=True)


def _inside(kind: pa.DataType) -> Fields:
    """The named fields of a struct, or of a list of such."""
    if pa.types.is_list(kind):
        return _inside(kind.field(0).type)
    return list(kind) if isinstance(kind, pa.StructType) else []
