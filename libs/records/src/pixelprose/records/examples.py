"""The examples of `schemas/examples/`: records as JSON, for people and for tests."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from pixelprose.records.body import parsed, read_body, write_body
from pixelprose.records.files import SchemaFolder
from pixelprose.records.groups import Group
from pixelprose.records.topics import record_class

G = TypeVar("G", bound=Group)

REQUIRED = frozenset({"full", "minimal"})
"""Examples that every record has: all fields filled, and as few as may be."""


def example(folder: SchemaFolder, record: type[G], name: str) -> G:
    """Return an example: times are ISO 8601, bytes base64.

    Raises:
        FileNotFoundError: there is none of that name.
        msgspec.ValidationError: it is no such record.
    """
    return _read(_home(folder, record.__name__) / f"{name}.json", record)


def bad_examples(folder: SchemaFolder) -> Iterator[str]:
    """Yield what is missing among the examples, and every one that is not what it claims to be."""
    homes = {_home(folder, record).name for record in folder.records}
    for found in sorted((folder.root / "examples").iterdir()):
        if found.name not in homes:
            yield f"examples/{found.name} belongs to no record"
    for record in folder.records:
        files = sorted(_home(folder, record).glob("*.json"))
        for name in sorted(REQUIRED - {file.stem for file in files}):
            yield f"{record} has no example {name}.json"
        for file in files:
            if problem := _problem(folder, file, record):
                yield f"examples/{file.parent.name}/{file.name}: {problem}"


def _problem(folder: SchemaFolder, file: Path, record: str) -> str | None:
    schema, buffer = parsed(folder.complete(record)), io.BytesIO()
    try:
        value = _read(file, record_class(record))
        write_body(buffer, value, schema)
        buffer.seek(0)
        back = read_body(buffer, type(value), writer=schema, reader=schema)
    except (ValueError, TypeError) as error:
        return str(error)
    return None if back == value else "comes back from the wire as another record"


def _read(file: Path, record: type[G]) -> G:
    return msgspec.json.decode(file.read_bytes(), type=record)


def _home(folder: SchemaFolder, record: str) -> Path:
    return folder.root / "examples" / folder.file_of(record)
