"""Records to Avro bodies and back, with fastavro."""

import io
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.types import Schema

from pixelprose.records.groups import Group

G = TypeVar("G", bound=Group)


def parsed(schema: dict[str, Any]) -> Schema:
    """Return a complete schema in the form that fastavro reads and writes by."""
    return parse_schema(schema)


def write_body(buffer: io.BytesIO, record: Group, schema: Schema) -> None:
    """Append the record's body.

    Raises:
        ValueError, TypeError: a field holds what its schema does not allow.
    """
    for name, time in _times(record):
        if time.tzinfo is None:
            # fastavro would take it for local time, and every machine's differs.
            raise ValueError(f"{type(record).__name__}: {name} has no time zone")
    values = msgspec.to_builtins(record, builtin_types=(bytes, datetime))
    schemaless_writer(buffer, schema, values)


def read_body(buffer: io.BytesIO, record: type[G], *, writer: Schema, reader: Schema) -> G:
    """Return the record of a body that was written by the schema `writer`.

    Raises:
        ValueError: the bytes are no such record, or some are left over.
    """
    try:
        # Resolving costs time, and a schema's own records need none.
        found = schemaless_reader(buffer, writer, None if writer is reader else reader)
        value = msgspec.convert(found, record)
    except Exception as error:
        # On bytes that are no record fastavro raises many types, from IndexError to its own.
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if rest := len(buffer.read()):
        raise ValueError(f"{rest} bytes are left over")
    return value


def _times(group: Group) -> Iterator[tuple[str, datetime]]:
    """Yield every time in a group, with its field's name."""
    for name, kind in _places(type(group)):
        value = getattr(group, name)
        match kind:
            case "time":
                yield name, value
            case "group" if value is not None:
                yield from _times(value)
            case "groups":
                for item in value:
                    yield from _times(item)


@cache
def _places(group: type[Group]) -> tuple[tuple[str, str], ...]:
    """Which fields of a class are times, groups, or rows of groups."""
    places: list[tuple[str, str]] = []
    for name, hint in get_type_hints(group).items():
        if hint is datetime:
            places.append((name, "time"))
        elif any(_has_times(part) for part in (hint, *get_args(hint))):
            places.append((name, "groups" if get_origin(hint) is tuple else "group"))
    return tuple(places)


def _has_times(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Group) and bool(_places(hint))
