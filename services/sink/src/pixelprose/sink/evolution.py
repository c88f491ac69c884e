"""What to do when a table's columns are not ours: an older release made it, or a newer one."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

_Fields = Sequence["pa.Field[Any]"]


def is_known(ours: _Fields, theirs: _Fields) -> bool:
    """Whether the table has exactly our columns, at every depth."""
    known = {field.name: field for field in theirs}
    return known.keys() == {field.name for field in ours} and all(
        is_known(_inside(field.type), _inside(known[field.name].type)) for field in ours
    )


def joining(ours: _Fields, theirs: _Fields) -> "list[pa.Field[Any]]":
    """Return our columns as the table takes them: those it has not yet may be null.

    Rows that are older have no value there, whatever our class says.
    """
    known = {field.name: field for field in theirs}
    return [
        _joined(field, known[field.name]) if field.name in known else _optional(field)
        for field in ours
    ]


def _optional(field: "pa.Field[Any]") -> "pa.Field[Any]":
    return pa.field(field.name, field.type, nullable=True)


def _joined(ours: "pa.Field[Any]", theirs: "pa.Field[Any]") -> "pa.Field[Any]":
    if pa.types.is_struct(ours.type):
        inside = joining(_inside(ours.type), _inside(theirs.type))
        return pa.field(ours.name, pa.struct(inside), nullable=ours.nullable)
    if pa.types.is_list(ours.type):
        (element,) = joining([ours.type.field(0)], [theirs.type.field(0)])
        return pa.field(ours.name, pa.list_(element), nullable=ours.nullable)
    return ours


def _inside(kind: pa.DataType) -> _Fields:
    return [kind.field(number) for number in range(kind.num_fields)]
