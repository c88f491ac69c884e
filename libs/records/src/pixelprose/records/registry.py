"""The schema registry: a real one by URL, or the embedded one, filled from `schemas/`."""

import json
from collections.abc import Callable
from typing import Final, TypeVar

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from pixelprose.records.files import packaged
from pixelprose.records.ids import schema_ids, schema_of_id
from pixelprose.records.schemas import schema_text
from pixelprose.records.settings import RegistrySettings
from pixelprose.records.topics import topic_of_name
from pixelprose.streamkit import ExitCode, Stop, Unavailable

T = TypeVar("T")

_NOT_FOUND: Final = 404
_OUR_FAULT: Final = range(400, 429)
"""429 and 5xx pass by themselves."""


class Registry:
    """Ids of our schemas, and schemas of any id. Services look up; only operators register.

    Every method raises `Unavailable` when the registry does not answer, and `Stop` when it refuses.
    """

    def __init__(self, settings: RegistrySettings) -> None:
        self._url = settings.url
        self._client: SchemaRegistryClient = SchemaRegistryClient.new_client(settings.client())
        if settings.is_embedded:
            self._fill()

    def id_of(self, record: str) -> int:
        """Return the id of a record's current schema, by class name.

        Raises:
            Stop: the registry does not know it.
        """
        subject, schema = subject_of(record), _avro(schema_text(record))
        found = self._ask(lambda: self._client.lookup_schema(subject, schema))
        if found is None or found.schema_id is None:
            raise Stop(
                ExitCode.BAD_CONFIGURATION,
                f"the registry at {self._url} does not know today's schema of {subject}: "
                f"run `python -m pixelprose.records register {self._url}` once",
            )
        return found.schema_id

    def schema(self, schema_id: int) -> str | None:
        """Return the schema behind an id as JSON, or None where there is none."""
        found = self._ask(lambda: self._client.get_schema(schema_id))
        return found.schema_str if found else None

    def register(self, record: str) -> int:
        """Register a record's current schema, and return its id.

        Raises:
            Stop: the registry refuses, such as for a broken compatibility.
        """
        subject, schema = subject_of(record), _avro(schema_text(record))
        given = self._ask(lambda: self._client.register_schema(subject, schema))
        if given is None:
            raise Stop(ExitCode.BAD_CONFIGURATION, f"{self._url} is no schema registry")
        return given

    def _fill(self) -> None:
        for entry in schema_ids(packaged()):
            schema = _avro(json.dumps(schema_of_id(packaged(), entry)))
            given = self._client.register_schema(subject_of(entry.record), schema)
            if given != entry.id:
                raise AssertionError(f"{entry.record}: id {given} instead of {entry.id}")

    def _ask(self, question: Callable[[], T]) -> T | None:
        """Return the answer, or None where the registry says that there is none."""
        try:
            return question()
        except SchemaRegistryError as error:
            if error.http_status_code == _NOT_FOUND:
                return None
            if error.http_status_code in _OUR_FAULT:
                raise Stop(
                    ExitCode.BAD_CONFIGURATION, f"the registry at {self._url} refuses: {error}"
                ) from error
            raise Unavailable("registry", f"{self._url}: {error}") from error
        except Exception as error:
            # The client passes on the errors of its HTTP library, and which one that is depends on
            # what is installed.
            raise Unavailable("registry", f"{self._url}: {error}") from error


def subject_of(record: str) -> str:
    """Return the subject of a record's schemas: its topic's name and `-value`."""
    return f"{topic_of_name(record)}-value"


def _avro(text: str) -> Schema:
    return Schema(text, "AVRO")
