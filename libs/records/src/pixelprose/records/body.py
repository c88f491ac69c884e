"""Records to Avro bodies and back, with fastavro."""

import io
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import SchemaParseException, UnknownType
from fastavro.types import Schema

from pixelprose.records.groups import Group

G = TypeVar("G", bound=Group)


def parsed(schema: dict[str, Any]) -> Schema:
    """Return a complete schema in the form that fastavro reads and writes by.

    Raises:
        ValueError: it is no Avro schema, or a default does not fit its field.
    """
    try:
        return parse_schema(schema)
    except (SchemaParseException, UnknownType, TypeError, KeyError) as error:
        raise ValueError(f"no Avro schema: {type(error).__name__}: {error}") from error


def plain(record: Group) -> Any:  # noqa: ANN401 - plain values of any record
    """Return a record as dicts and lists, with times and bytes as they are."""
    return msgspec.to_builtins(record, builtin_types=(bytes, datetime))


def read_plain(buffer: io.BytesIO, *, writer: Schema) -> Any:  # noqa: ANN401 - plain values of any record
    """Return a body as its writer's schema has it; for bodies that `read_body` could read."""
    return schemaless_reader(buffer, writer, None)


def write_body(buffer: io.BytesIO, record: Group, schema: Schema) -> None:
    """Append the record's body.

    Raises:
        ValueError, TypeError, OverflowError: a field holds what its schema does not allow.
    """
    values = plain(record)
    # fastavro would write 1.5 as 1, and take a time without zone for local time.
    msgspec.convert(values, type(record))
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
