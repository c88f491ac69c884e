"""Arrow types of row classes, and rows as Arrow columns."""

import types
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cache
from itertools import accumulate, chain
from operator import attrgetter
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec
import pyarrow as pa

Hint: TypeAlias = Any
"""A type annotation, which may be any object."""

Column: TypeAlias = Any
"""An Arrow array; of which type, is known at run time alone."""

_arrow: Any = pa  # the stubs know no signature with a type that is known at run time alone

_SCALARS: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    bytes: pa.binary(),
    date: pa.date32(),
    datetime: pa.timestamp("us", tz="UTC"),
}


@cache
def hints(group: type[msgspec.Struct]) -> dict[str, Hint]:
    """Return a class's fields in order, by name, without what is annotated beside the types."""
    found = get_type_hints(group)
    return {name: found[name] for name in group.__struct_fields__}


@cache
def arrow_fields(group: type[msgspec.Struct]) -> "tuple[pa.Field[Any], ...]":
    """Return one Arrow field per field of the class, nested groups as structs.

    Only `X | None` is nullable.

    Raises:
        TypeError: a field's type has no Arrow counterpart.
    """
    return tuple(
        pa.field(name, arrow_type(inner(hint)), nullable=is_optional(hint))
        for name, hint in hints(group).items()
    )


@cache
def arrow_type(hint: Hint) -> pa.DataType:
    """Return the Arrow type of an annotation that is not optional.

    Raises:
        TypeError: there is none.
    """
    hint = inner(hint)
    origin, parts = origin_of(hint), get_args(hint)
    if origin is tuple:
        # A fixed tuple (a box) has equal parts, so its first part speaks for all.
        return pa.list_(pa.field("element", arrow_type(parts[0]), nullable=False))
    if origin is dict:
        value = pa.field("value", arrow_type(parts[1]), nullable=False)
        return _map_type(arrow_type(parts[0]), value)
    if is_group(hint):
        return pa.struct(arrow_fields(hint))
    try:
        return _SCALARS[hint]
    except KeyError:
        raise TypeError(f"no Arrow type for {hint!r}") from None


def _map_type(key: pa.DataType, value: "pa.Field[Any]") -> pa.DataType:
    made: pa.DataType = _arrow.map_(key, value)
    return made


def origin_of(hint: Hint) -> object:
    """Return what an annotation is made of, such as `tuple`; None for a plain class."""
    return get_origin(hint)


@cache
def inner(hint: Hint) -> Hint:
    """Return the annotation without `None`, `Annotated` and `NewType` around it."""
    if origin_of(hint) is Annotated:
        return inner(get_args(hint)[0])
    if origin_of(hint) in {Union, types.UnionType}:
        (some,) = (part for part in get_args(hint) if part is not types.NoneType)
        return inner(some)
    return inner(hint.__supertype__) if hasattr(hint, "__supertype__") else hint


def is_optional(hint: Hint) -> bool:
    """Whether the annotation allows `None`."""
    return origin_of(hint) in {Union, types.UnionType} and types.NoneType in get_args(hint)


def is_group(hint: Hint) -> bool:
    """Whether the annotation is a class of named fields."""
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def arrow_table(group: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> pa.Table:
    """Return rows of that class, one Arrow column per field.

    Column by column and not by `from_pylist`: no row becomes a dict on the way.
    """
    columns = _columns(group, rows)
    return pa.Table.from_arrays(columns, schema=pa.schema(arrow_fields(group)))


def _columns(group: type[msgspec.Struct], values: Sequence[Any]) -> list[Column]:
    return [
        _column(hint, list(map(attrgetter(name), values))) for name, hint in hints(group).items()
    ]


def _column(hint: Hint, values: Sequence[Any]) -> Column:
    kind = inner(hint)
    build = _BUILDERS.get(origin_of(kind), _struct if is_group(kind) else _scalar)
    return build(kind, values)


def _scalar(kind: Hint, values: Sequence[Any]) -> Column:
    return pa.array(values, arrow_type(kind))


def _struct(kind: Hint, values: Sequence[Any]) -> Column:
    if None in values:
        plain = [
            value and msgspec.to_builtins(value, builtin_types=(datetime, bytes))
            for value in values
        ]
        return pa.array(plain, arrow_type(kind))
    return _arrow.StructArray.from_arrays(_columns(kind, values), fields=arrow_fields(kind))


def _list(kind: Hint, values: Sequence[Any]) -> Column:
    items = _column(get_args(kind)[0], list(chain.from_iterable(values)))
    return _arrow.ListArray.from_arrays(_offsets(values), items, type=arrow_type(kind))


def _map(kind: Hint, values: Sequence[Any]) -> Column:
    key, value = get_args(kind)
    keys = _column(key, list(chain.from_iterable(values)))
    items = _column(value, list(chain.from_iterable(one.values() for one in values)))
    return _arrow.MapArray.from_arrays(_offsets(values), keys, items, type=arrow_type(kind))


def _offsets(values: Sequence[Any]) -> Column:
    return pa.array(list(accumulate(map(len, values), initial=0)), pa.int32())


_BUILDERS: dict[object, Callable[[Hint, Sequence[Any]], Column]] = {tuple: _list, dict: _map}
