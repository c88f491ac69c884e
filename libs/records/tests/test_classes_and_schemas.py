"""Class and schema of a record say the same, field by field."""

import json
import types
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from pixelprose.records import Group, topic_list
from pixelprose.records.files import NAMESPACE, packaged
from pixelprose.records.topics import record_class

PRIMITIVES: dict[Any, Any] = {
    str: "string",
    int: "long",
    float: "double",
    bool: "boolean",
    bytes: "bytes",
    datetime: {"type": "long", "logicalType": "timestamp-micros"},
}


def avro_type(hint: Any) -> Any:  # noqa: ANN401 - any annotation
    """The Avro type that a Python annotation stands for; groups by full name."""
    if isinstance(hint, NewType):
        return avro_type(hint.__supertype__)
    if hint in PRIMITIVES:
        return PRIMITIVES[hint]
    if get_origin(hint) in {Union, types.UnionType}:
        value, none = get_args(hint)
        assert none is type(None)
        return ["null", avro_type(value)]
    if get_origin(hint) is tuple:
        items = {avro_type(item) for item in get_args(hint) if item is not Ellipsis}
        assert len(items) == 1
        return {"type": "array", "items": items.pop()}
    if get_origin(hint) is dict:
        key, value = get_args(hint)
        assert key is str
        return {"type": "map", "values": avro_type(value)}
    assert issubclass(hint, Group), f"{hint} has no place in a schema"
    return f"{NAMESPACE}.{hint.__name__}"


def groups_in(record: type[Group]) -> Iterator[type[Group]]:
    yield record
    for hint in get_type_hints(record).values():
        for part in (hint, *get_args(hint)):
            if isinstance(part, type) and issubclass(part, Group):
                yield from groups_in(part)


def default_of(field: msgspec.structs.FieldInfo) -> object:
    """The default as JSON would have it."""
    if field.default is not msgspec.NODEFAULT:
        return json.loads(msgspec.json.encode(field.default))
    if field.default_factory is not msgspec.NODEFAULT:
        return json.loads(msgspec.json.encode(field.default_factory()))
    return "no default"


EVERY_GROUP = sorted(
    {group for record in packaged().records for group in groups_in(record_class(record))},
    key=lambda group: group.__name__,
)


@pytest.mark.parametrize("group", EVERY_GROUP, ids=lambda group: group.__name__)
def test_class_and_schema_have_the_same_fields(group: type[Group]) -> None:
    schema = packaged().parts[f"{NAMESPACE}.{group.__name__}"]
    hints = get_type_hints(group)
    of_class = {f.name: avro_type(hints[f.name]) for f in msgspec.structs.fields(group)}
    assert of_class == {field["name"]: field["type"] for field in schema["fields"]}


@pytest.mark.parametrize("group", EVERY_GROUP, ids=lambda group: group.__name__)
def test_class_and_schema_have_the_same_defaults(group: type[Group]) -> None:
    schema = packaged().parts[f"{NAMESPACE}.{group.__name__}"]
    of_class = {f.name: default_of(f) for f in msgspec.structs.fields(group)}
    assert of_class == {f["name"]: f.get("default", "no default") for f in schema["fields"]}


def test_no_schema_is_without_its_class() -> None:
    assert {f"{NAMESPACE}.{group.__name__}" for group in EVERY_GROUP} == set(packaged().parts)


def test_every_record_has_a_topic() -> None:
    assert {topic.record for topic in topic_list().topics} == set(packaged().records)


@pytest.mark.parametrize("group", EVERY_GROUP, ids=lambda group: group.__name__)
def test_records_cannot_be_changed_and_take_no_unknown_field(group: type[Group]) -> None:
    assert group.__struct_config__.frozen
    with pytest.raises(TypeError, match="unknown"):
        group(unknown=1)
