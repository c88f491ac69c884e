"""Records to bytes and back: Avro in the Confluent wire format."""

import io
import json
import struct
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.types import Schema as AvroSchema

from pixelprose.records.groups import Group
from pixelprose.records.registry import Registry
from pixelprose.records.schemas import schema_text
from pixelprose.streamkit import Undecodable

G = TypeVar("G", bound=Group)

_HEADER = struct.Struct(">bI")
_MAGIC = 0


class Wire(Generic[G]):
    """Writes and reads one record class.

    The Confluent client gives ids and schemas; the bytes are fastavro's, which writes and reads a
    2 KB record several times faster than the client's own serialisers (`bench/wire.py`).
    """

    def __init__(self, record: type[G], registry: Registry) -> None:
        self._record = record
        self._registry = registry
        self._schema = _parsed(schema_text(record.__name__))
        self._id = registry.id_of(record.__name__)
        self._writers: dict[int, AvroSchema] = {self._id: self._schema}

    def encode(self, record: G) -> bytes:
        """Return the record's bytes.

        Raises:
            ValueError: a field holds what its schema does not allow.
        """
        buffer = io.BytesIO()
        buffer.write(_HEADER.pack(_MAGIC, self._id))
        schemaless_writer(buffer, self._schema, _plain(record))
        return buffer.getvalue()

    def decode(self, data: bytes) -> G:
        """Return the record; a newer schema's unknown fields are left out.

        Raises:
            Undecodable: the bytes are not such a record.
            Unavailable: the registry does not answer.
        """
        if len(data) < _HEADER.size:
            raise Undecodable(f"{len(data)} bytes are too few for the Confluent wire format")
        magic, schema_id = _HEADER.unpack_from(data)
        if magic != _MAGIC:
            raise Undecodable(f"the first byte is {magic}, not 0: not the Confluent wire format")
        writer = self._writer(schema_id)
        buffer = io.BytesIO(data[_HEADER.size :])
        name = self._record.__name__
        try:
            # fastavro reads this schema's own records faster when it need not resolve.
            same = writer is self._schema
            found = schemaless_reader(buffer, writer, None if same else self._schema)
            record = msgspec.convert(found, self._record)
        except Exception as error:
            # fastavro raises many types, from IndexError to its own, on bytes that are no record.
            raise Undecodable(f"not a {name} of schema {schema_id}: {error}") from error
        if buffer.read(1):
            raise Undecodable(f"bytes are left over after a {name} of schema {schema_id}")
        return record

    def _writer(self, schema_id: int) -> AvroSchema:
        if schema_id not in self._writers:
            text = self._registry.schema(schema_id)
            if text is None:
                raise Undecodable(f"no schema has id {schema_id} in this registry")
            self._writers[schema_id] = _parsed(text)
        return self._writers[schema_id]


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field is any value
    if isinstance(value, Group):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@cache
def _parsed(text: str) -> AvroSchema:
    return parse_schema(json.loads(text))
