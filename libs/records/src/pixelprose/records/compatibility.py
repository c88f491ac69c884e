"""FULL_TRANSITIVE: every released form of a record and today's can read each other."""

import json
from collections.abc import Iterator
from typing import Any

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException
from avro.schema import Schema, parse

from pixelprose.records.files import SchemaFolder
from pixelprose.records.ids import released, released_ids


def broken_promises(folder: SchemaFolder) -> Iterator[str]:
    """Yield every way in which today's schemas break with a released one."""
    for entry in released_ids(folder):
        if entry.record not in folder.records:
            yield f"{entry.record} was released as schema {entry.id} and is gone"
            continue
        today, before = folder.complete(entry.record), released(folder, entry)
        for reader, writer, says in (
            (today, before, "can't read what schema {id} wrote"),
            (before, today, "can't be read by schema {id}"),
        ):
            for reason in incompatibilities(reader, writer):
                yield f"{entry.record} {says.format(id=entry.id)}: {reason}"


def incompatibilities(reader: dict[str, Any], writer: dict[str, Any]) -> tuple[str, ...]:
    """Return why data of schema `writer` can't be read with schema `reader`; empty if it can.

    Raises:
        AvroException: one is no schema.
    """
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    result = checker.get_compatibility(_parsed(reader), _parsed(writer))
    reasons: list[str] = []
    if result.compatibility is not SchemaCompatibilityType.compatible:
        reasons.extend(sorted(result.messages or {"incompatible"}))
    return (*reasons, *_logical_changes(reader, writer))


def _parsed(schema: dict[str, Any]) -> Schema:
    try:
        return parse(json.dumps(schema))
    except AvroException as error:
        raise AvroException(f"{schema.get('name')} is no Avro schema: {error}") from error


def _logical_changes(reader: dict[str, Any], writer: dict[str, Any]) -> Iterator[str]:
    """Yield changed logical types, which Avro lets pass: the number stays, its unit does not."""
    now = dict(_logical_types(reader, ""))
    for place, then in _logical_types(writer, ""):
        if place in now and now[place] != then:
            yield f"{place} was {then or 'a plain number'} and is {now[place] or 'a plain number'}"


def _logical_types(schema: Any, place: str) -> Iterator[tuple[str, str | None]]:  # noqa: ANN401 - JSON
    """Yield the logical type, or None, of every primitive, by record and field."""
    match schema:
        case list():
            for branch in schema:
                yield from _logical_types(branch, place)
        case {"type": "record", "name": name, "fields": fields}:
            for field in fields:
                yield from _logical_types(field["type"], f"{name}.{field['name']}")
        case {"type": "array" | "map"}:
            yield from _logical_types(schema.get("items", schema.get("values")), f"{place}[]")
        case {"type": primitive}:
            yield f"{place} ({primitive})", schema.get("logicalType")
        case str():
            yield f"{place} ({schema})", None
