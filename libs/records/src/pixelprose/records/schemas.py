"""Complete schemas of the records, and what makes two schemas the same."""

import hashlib
import json
from functools import cache
from typing import Any

from pixelprose.records.files import packaged


@cache
def schema_text(record: str) -> str:
    """Return the complete Avro schema of a record, by class name, as JSON.

    Raises:
        KeyError: no such record.
    """
    return json.dumps(packaged().complete(record))


def fingerprint(schema: Any) -> str:  # noqa: ANN401 - a schema as parsed JSON
    """Return the SHA-256 (hex) of everything in a schema but its doc strings.

    Avro's own canonical form also leaves out defaults and logical types, on which readers depend.
    """
    canonical = json.dumps(_without_docs(schema), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without_docs(schema: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(schema, list):
        return [_without_docs(item) for item in schema]
    if isinstance(schema, dict):
        is_named = "name" in schema
        return {
            key: _without_docs(value)
            for key, value in schema.items()
            if not (is_named and key == "doc")
        }
    return schema
