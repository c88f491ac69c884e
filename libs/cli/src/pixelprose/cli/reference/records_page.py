"""Every record and the named parts they share, field by field."""

import json
from typing import Any, Final

from pixelprose.cli.reference.markdown import code, table, title
from pixelprose.records import topic_list
from pixelprose.records.files import NAMESPACE, packaged

_HEAD = """\
Each is an Avro record of the namespace `pixelprose.v1` in a topic of its own, made of parts that
they share. `pixelprose schema` prints a complete schema, for programs; `schemas/examples/` has a
full and a minimal one of each. Fields are only ever added, with defaults.
"""
_LOGICAL: Final = {
    "timestamp-micros": "timestamp, microseconds, UTC",
    "timestamp-millis": "timestamp, milliseconds, UTC",
    "date": "date",
}


def page() -> str:
    """Return the page."""
    order = [topic.record for topic in topic_list().topics if topic.record]
    parts = [name for name in packaged().parts if name.removeprefix(f"{NAMESPACE}.") not in order]
    return "\n".join(
        [
            title("Records", source="`schemas/*.avsc`"),
            _HEAD,
            *(_record(name) for name in order),
            "## Parts\n",
            *(_schema(packaged().parts[name], level=3) for name in parts),
        ]
    )


def _record(name: str) -> str:
    (topic,) = (topic for topic in topic_list().topics if topic.record == name)
    where = f"[{code(topic.name)}](topics.md). `pixelprose schema {packaged().file_of(name)}`"
    return _schema(packaged().parts[f"{NAMESPACE}.{name}"], level=2, where=where)


def _schema(schema: dict[str, Any], *, level: int, where: str = "") -> str:
    lines = [f"{'#' * level} {schema['name']}", "", schema.get("doc", "")]
    if where:
        lines += ["", where]
    return "\n".join([*lines, "", _fields(schema)])


def _fields(schema: dict[str, Any]) -> str:
    rows = (
        (code(field["name"]), _type(field["type"]), _default(field), field.get("doc", ""))
        for field in schema["fields"]
    )
    return table(("field", "type", "default", "meaning"), rows)


def _type(schema: Any) -> str:  # noqa: ANN401 - JSON
    match schema:
        case list():
            return " or ".join(map(_type, schema))
        case str():
            name = schema.removeprefix(f"{NAMESPACE}.")
            return f"[{name}](#{name.lower()})" if schema in packaged().parts else schema
        case {"logicalType": logical}:
            return _LOGICAL[logical]
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"type": "map", "values": values}:
            return f"map of string to {_type(values)}"
        case {"type": inner}:
            return _type(inner)
    raise ValueError(f"no words for the type {schema!r}")


def _default(field: dict[str, Any]) -> str:
    return code(json.dumps(field["default"])) if "default" in field else ""
