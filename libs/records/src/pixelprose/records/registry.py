"""The schema registry: a real one by URL, or the embedded one, filled from `schemas/`."""

import json
from functools import cache

import msgspec
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError
from fastavro.schema import fingerprint, to_parsing_canonical_form

from pixelprose.records.files import read_text, read_yaml
from pixelprose.records.schemas import schema_text
from pixelprose.records.settings import RegistrySettings
from pixelprose.records.topics import topic_of_name
from pixelprose.streamkit import ExitCode, Stop, Unavailable

_CLIENT_ERRORS = range(400, 500)


class SchemaId(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of `ids.yaml`: an id that the embedded registry has given, for ever."""

    id: int
    record: str
    fingerprint: str


@cache
def schema_ids() -> tuple[SchemaId, ...]:
    """Return the append-only list, oldest first."""
    return msgspec.convert(read_yaml("ids.yaml"), tuple[SchemaId, ...])


def schema_fingerprint(schema: str) -> str:
    """Return the SHA-256 (hex) of a schema's parsing canonical form."""
    canonical = to_parsing_canonical_form(json.loads(schema))
    digest: str = fingerprint(canonical, "SHA-256")
    return digest


def schema_of_id(entry: SchemaId) -> str:
    """Return the schema behind an id: today's, or the one kept when it was superseded.

    Raises:
        FileNotFoundError: the schema has changed and its old form was not kept.
    """
    current = schema_text(entry.record)
    if schema_fingerprint(current) == entry.fingerprint:
        return current
    return read_text(f"released/{entry.record}.{entry.id}.avsc")


class Registry:
    """Ids of our schemas, and schemas of any id."""

    def __init__(self, settings: RegistrySettings) -> None:
        self._url = settings.url
        self._client: SchemaRegistryClient = SchemaRegistryClient.new_client(settings.client())
        if settings.is_embedded:
            self._fill()

    def id_of(self, record: str) -> int:
        """Return the id of a record's current schema.

        Raises:
            Stop: the registry does not know it.
            Unavailable: the registry does not answer.
        """
        schema = Schema(schema_text(record), "AVRO")
        try:
            found = self._client.lookup_schema(_subject(record), schema).schema_id
        except SchemaRegistryError as error:
            if error.http_status_code in _CLIENT_ERRORS:
                raise Stop(
                    ExitCode.BAD_CONFIGURATION,
                    f"the registry at {self._url} does not know {_subject(record)}: "
                    "run `pixelprose topics init` once",
                ) from error
            raise Unavailable("registry", str(error)) from error
        except OSError as error:
            raise Unavailable("registry", f"{self._url}: {error}") from error
        if found is None:
            raise Unavailable("registry", f"{self._url} gave no id for {_subject(record)}")
        return found

    def schema(self, schema_id: int) -> str | None:
        """Return the schema behind an id as JSON, or None where there is none.

        Raises:
            Unavailable: the registry does not answer.
        """
        try:
            return self._client.get_schema(schema_id).schema_str
        except SchemaRegistryError as error:
            if error.http_status_code in _CLIENT_ERRORS:
                return None
            raise Unavailable("registry", str(error)) from error
        except OSError as error:
            raise Unavailable("registry", f"{self._url}: {error}") from error

    def register(self, record: str) -> int:
        """Register a record's current schema, and return its id; an operator's act.

        Raises:
            SchemaRegistryError: the registry refuses, such as for a broken compatibility.
        """
        return self._client.register_schema(_subject(record), Schema(schema_text(record), "AVRO"))

    def _fill(self) -> None:
        for entry in schema_ids():
            schema = Schema(schema_of_id(entry), "AVRO")
            given = self._client.register_schema(_subject(entry.record), schema)
            if given != entry.id:
                raise AssertionError(f"{entry.record}: id {given} instead of {entry.id}")


def _subject(record: str) -> str:
    return f"{topic_of_name(record)}-value"
