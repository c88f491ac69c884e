"""Arrow types of record classes: one source for the table's columns."""

import types
from datetime import date, datetime
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pyarrow as pa

_SCALARS: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    bytes: pa.binary(),
    date: pa.date32(),
    datetime: pa.timestamp("us", tz="UTC"),
}


def arrow_fields(record: type[msgspec.Struct]) -> "list[pa.Field[Any]]":
    """Return one Arrow field per field of the class, nested groups as structs.

    Only `X | None` is nullable.

    Raises:
        TypeError: a field's type has no Arrow counterpart.
    """
    hints = get_type_hints(record)
    return [_field(name, hints[name]) for name in record.__struct_fields__]


def _field(name: str, hint: Any) -> "pa.Field[Any]":  # noqa: ANN401 - a type annotation is any object
    if get_origin(hint) in (Union, types.UnionType):
        (inner,) = (part for part in get_args(hint) if part is not types.NoneType)
        return pa.field(name, _type(inner), nullable=True)
    return pa.field(name, _type(hint), nullable=False)


def _type(hint: Any) -> pa.DataType:  # noqa: ANN401 - a type annotation is any object
    hint = getattr(hint, "__supertype__", hint)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple:
        # A fixed tuple (a box) has equal parts, so its first part speaks for all.
        return pa.list_(_field("element", parts[0]))
    if origin is dict:
        return pa.map_(_type(parts[0]), _type(parts[1]))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return pa.struct(arrow_fields(hint))
    try:
        return _SCALARS[hint]
    except KeyError:
        raise TypeError(f"no Arrow type for {hint!r}") from None
