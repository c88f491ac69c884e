"""Records in the Confluent wire format: a zero byte, a four-byte schema id, an Avro body."""

import io
import json
import struct
from typing import Final, Generic, TypeVar

from fastavro.types import Schema as AvroSchema

from pixelprose.records.beyond import beyond
from pixelprose.records.body import parsed, plain, read_body, read_plain, write_body
from pixelprose.records.groups import Group
from pixelprose.records.registry import Registry
from pixelprose.records.schemas import schema_text
from pixelprose.streamkit import Undecodable

G = TypeVar("G", bound=Group)

_PREFIX: Final = struct.Struct(">bI")
_MAGIC: Final = 0


class Wire(Generic[G]):
    """Writes and reads one record class.

    The Confluent client gives ids and schemas, and the bytes are those of its serialisers. Its
    deserialiser walks the whole schema for every message, which makes reading 2.5 times slower
    (`bench/wire.py`), so bodies are read and written here.
    """

    def __init__(self, record: type[G], registry: Registry) -> None:
        self._record = record
        self._registry = registry
        self._schema = parsed(json.loads(schema_text(record.__name__)))
        self._id = registry.id_of(record.__name__)
        self._writers = {self._id: self._schema}

    @property
    def prefix(self) -> bytes:
        """What the bytes of our own schema begin with; the Avro body follows."""
        return _PREFIX.pack(_MAGIC, self._id)

    def encode(self, record: G) -> bytes:
        """Return the record's bytes.

        Raises:
            ValueError, TypeError, OverflowError: a field holds what its schema does not allow.
        """
        buffer = io.BytesIO()
        buffer.write(self.prefix)
        write_body(buffer, record, self._schema)
        return buffer.getvalue()

    def decode(self, data: bytes) -> G:
        """Return the record; fields that only a newer schema has are left out.

        Raises:
            Undecodable: the bytes are not such a record.
            Unavailable: the registry does not answer.
        """
        schema_id, buffer = self._opened(data)
        writer = self._writer(schema_id)
        try:
            return read_body(buffer, self._record, writer=writer, reader=self._schema)
        except ValueError as error:
            name = self._record.__name__
            raise Undecodable(f"no {name} of schema {schema_id}: {error}") from error

    def beyond(self, data: bytes, record: G) -> dict[str, str]:
        """Return what a newer schema says beyond our `record` of these bytes: JSON by path."""
        schema_id, buffer = self._opened(data)
        if schema_id == self._id:
            return {}
        said = read_plain(buffer, writer=self._writer(schema_id))
        return beyond(said, plain(record))

    def _opened(self, data: bytes) -> tuple[int, io.BytesIO]:
        if len(data) < _PREFIX.size:
            raise Undecodable(f"{len(data)} bytes are too few for the Confluent wire format")
        magic, schema_id = _PREFIX.unpack_from(data)
        if magic != _MAGIC:
            raise Undecodable(f"the first byte is {magic}, not 0: not the Confluent wire format")
        buffer = io.BytesIO(data)
        buffer.seek(_PREFIX.size)
        return schema_id, buffer

    def _writer(self, schema_id: int) -> AvroSchema:
        if schema_id not in self._writers:
            text = self._registry.schema(schema_id)
            if text is None:
                raise Undecodable(f"the registry has no schema {schema_id}")
            try:
                self._writers[schema_id] = parsed(json.loads(text))
            except ValueError as error:
                raise Undecodable(f"schema {schema_id} of the registry is {error}") from error
        return self._writers[schema_id]
