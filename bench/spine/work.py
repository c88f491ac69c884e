"""The work that all do: one of our records is decoded, one field is changed, it is encoded.

The record is the full example of ImageAnnotated, 2.5 KB in nested groups, as dicts by fastavro:
what one of our services reads and writes. `write_record` leaves schema and bytes in a file, since
environments of peers know nothing of ours.
"""

import io
import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

PARTITIONS = 4
FOLDER = Path(__file__).parents[2] / "build/bench-spine"

_HEADER_BYTES = 5

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is told on its command line: where, from which topic, to which, as whom."""

    servers: str
    source: str
    target: str
    group: str
    slot: int


def task() -> Task:
    """Return this process's task."""
    servers, source, target, group, slot = sys.argv[1:]
    return Task(servers, source, target, group, int(slot))


def write_record(schema: str, value: bytes) -> None:
    """Leave the record for all processes of this run."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "record.avsc").write_text(schema)
    (FOLDER / "record.bin").write_bytes(value)


@cache
def example() -> bytes:
    """Return the encoded record."""
    return (FOLDER / "record.bin").read_bytes()


@cache
def _header() -> bytes:
    return example()[:_HEADER_BYTES]


@cache
def _schema() -> Any:  # noqa: ANN401 - fastavro's own form
    return parse_schema(json.loads((FOLDER / "record.avsc").read_text()))


def decode(value: bytes) -> Record:
    """Return the record behind the header of the Confluent wire format."""
    record = schemaless_reader(io.BytesIO(value[_HEADER_BYTES:]), _schema(), None)
    assert isinstance(record, dict)
    return record


def change(record: Record) -> Record:
    """Return the record, of another source."""
    record["submission"]["source"] = "bench"
    return record


def encode(record: Record) -> bytes:
    """Return the record's bytes with the header."""
    out = io.BytesIO()
    out.write(_header())
    schemaless_writer(out, _schema(), record)
    return out.getvalue()


def done(value: bytes) -> bytes:
    """Do the whole work on one value."""
    return encode(change(decode(value)))
