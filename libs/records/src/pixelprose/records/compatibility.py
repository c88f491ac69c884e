"""FULL_TRANSITIVE: every released form of a record and today's can read each other."""

import json
from collections.abc import Iterator
from typing import Any, Final

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException
from avro.schema import Schema, parse

from pixelprose.records.files import SchemaFolder
from pixelprose.records.ids import released, released_ids

_LOGICAL: Final = "logicalType"


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
    result = ReaderWriterCompatibilityChecker().get_compatibility(_parsed(reader), _parsed(writer))
    reasons: list[str] = []
    if result.compatibility is not SchemaCompatibilityType.compatible:
        reasons.extend(sorted(result.messages or {"incompatible"}))
    return (*reasons, *_logical_changes(reader, writer))


def _parsed(schema: dict[str, Any]) -> Schema:
    try:
        return parse(json.dumps(schema))
    except AvroException as error:
        raise AvroException(f"{schema.get('name')} is no Avro schema: {error}") from error


def _logical_changes(reader: Any, writer: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield changed logical types, which Avro lets pass: the numbers stay, their unit does not."""
    for name, then in _logical_types(writer).items():
        now = _logical_types(reader).get(name, then)
        if now != then:
            yield f"{path}{name} was {then} and is {now}"


def _logical_types(schema: Any, path: str = "") -> dict[str, str | None]:  # noqa: ANN401 - JSON
    """Return the logical type, or null, of every primitive by its path."""
    if isinstance(schema, list):
        return {k: v for branch in schema for k, v in _logical_types(branch, path).items()}
    if not isinstance(schema, dict):
        return {f"{path}:{schema}": None}
    kind = schema["type"]
    if kind == "record":
        fields = schema["fields"]
        return {
            k: v for f in fields for k, v in _logical_types(f["type"], f"{path}/{f['name']}").items()
        }
    if kind in {"array", "map"}:
        return _logical_types(schema["items" if kind == "array" else "values"], f"{path}/*")
    return {f"{path}:{kind}": schema.get(_LOGICAL)}
