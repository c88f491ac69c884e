"""The append-only list of schema ids, `schemas/ids.yaml`."""

import json
from typing import Any

import msgspec

from pixelprose.records.files import SchemaFolder
from pixelprose.records.schemas import fingerprint


class SchemaId(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An id that the embedded registry gives, for ever; the record's last line is today's."""

    id: int
    record: str
    fingerprint: str


def schema_ids(folder: SchemaFolder) -> tuple[SchemaId, ...]:
    """Return the list, oldest first.

    Raises:
        msgspec.ValidationError: the file is not what it must be.
    """
    return msgspec.convert(folder.yaml("ids.yaml"), tuple[SchemaId, ...])


def released_ids(folder: SchemaFolder) -> tuple[SchemaId, ...]:
    """Return the list as of the last tag; empty before the first."""
    if not (folder.root / "released" / "ids.yaml").exists():
        return ()
    return msgspec.convert(folder.yaml("released/ids.yaml"), tuple[SchemaId, ...])


def schema_of_id(folder: SchemaFolder, entry: SchemaId) -> dict[str, Any]:
    """Return the schema behind an id: today's, or the one kept when it was released.

    Raises:
        KeyError, FileNotFoundError: the schema has changed and its old form was not kept.
    """
    current = folder.complete(entry.record)
    return current if fingerprint(current) == entry.fingerprint else released(folder, entry)


def released(folder: SchemaFolder, entry: SchemaId) -> dict[str, Any]:
    """Return a schema as it was released.

    Raises:
        FileNotFoundError: it was not.
    """
    text = (folder.root / "released" / kept_name(entry)).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def kept_name(entry: SchemaId) -> str:
    """Return the file name of a released schema."""
    return f"{entry.record}.{entry.id}.avsc"
