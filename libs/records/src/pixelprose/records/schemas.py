"""Complete schemas of the records: every named part put in where it is used first."""

import json
from functools import cache
from typing import Any

from pixelprose.records.files import parts

NAMESPACE = "pixelprose.v1"


@cache
def schema_text(record: str) -> str:
    """Return the complete Avro schema of a record, by class name, as JSON.

    Raises:
        KeyError: no such record.
    """
    return json.dumps(_inline(f"{NAMESPACE}.{record}", set()))


def _inline(schema: Any, seen: set[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(schema, str):
        if schema not in parts() or schema in seen:
            return schema
        seen.add(schema)
        part = parts()[schema]
        fields = [{**field, "type": _inline(field["type"], seen)} for field in part["fields"]]
        return {**part, "fields": fields}
    if isinstance(schema, list):
        return [_inline(branch, seen) for branch in schema]
    return {
        key: _inline(value, seen) if key in {"type", "items", "values"} else value
        for key, value in schema.items()
    }
