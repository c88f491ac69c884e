"""What must hold of `schemas/`: each check yields what is wrong, in sentences for people."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from avro.errors import AvroException
from yaml import YAMLError

from pixelprose.records.body import parsed
from pixelprose.records.codes import codes_in
from pixelprose.records.compatibility import broken_promises, incompatibilities
from pixelprose.records.examples import bad_examples
from pixelprose.records.files import SchemaFolder
from pixelprose.records.ids import SchemaId, released, released_ids, schema_ids
from pixelprose.records.schemas import fingerprint
from pixelprose.records.topics import Topic, Topics, topics_in

_NAME: Final = re.compile(r"pixelprose(\.[a-z]+){1,2}\.v1")
_MICROSECONDS: Final = {"type": "long", "logicalType": "timestamp-micros"}


def problems(root: Path) -> list[str]:
    """Return everything that is wrong with a `schemas/` folder; empty when it is sound."""
    folder = SchemaFolder(root)
    found: list[str] = []
    for check in (_unreadable, _undocumented, _ids, broken_promises, _topics, bad_examples):
        try:
            found.extend(check(folder))
        except (ValueError, TypeError, KeyError, OSError, AvroException, YAMLError) as error:
            found.append(f"{type(error).__name__}: {error}")
        if found and check is _unreadable:
            break
    return found


def _unreadable(folder: SchemaFolder) -> Iterator[str]:
    """What cannot be read as what it is; no other check makes sense then."""
    for record in folder.records:
        schema = folder.complete(record)
        try:
            parsed(schema)
        except ValueError as error:
            yield f"{record}: {error}"
        else:
            for problem in incompatibilities(schema, schema):
                yield f"{record} can't read itself: {problem}"
    codes_in(folder)
    topics_in(folder)
    schema_ids(folder)


def _undocumented(folder: SchemaFolder) -> Iterator[str]:
    for name, part in folder.parts.items():
        for field in ({**part, "name": "the record"}, *part["fields"]):
            if not str(field.get("doc", "")).endswith("."):
                yield f"{name}, {field['name']}: the doc is missing or no sentence"
        for field in part["fields"]:
            if field["name"].endswith("_at") and field["type"] != _MICROSECONDS:
                yield f"{name}.{field['name']} is a time, but not in timestamp-micros"


def _ids(folder: SchemaFolder) -> Iterator[str]:
    listed, before = schema_ids(folder), released_ids(folder)
    if [entry.id for entry in listed] != list(range(1, len(listed) + 1)):
        yield "ids.yaml: ids are not 1, 2, 3, ..., each once and in order"
    if listed[: len(before)] != before:
        yield "ids.yaml: a released entry was changed or removed; the list is append-only"
    today = {entry.record: entry for entry in listed}
    for record in folder.records:
        entry = today.get(record)
        if entry is None or entry.fingerprint != fingerprint(folder.complete(record)):
            yield f"ids.yaml: today's schema of {record} has no id: run `schemas assign`"
    for entry in listed:
        if entry is not today[entry.record] or entry in before:
            yield from _kept(folder, entry)


def _kept(folder: SchemaFolder, entry: SchemaId) -> Iterator[str]:
    try:
        schema = released(folder, entry)
    except FileNotFoundError as error:
        yield f"ids.yaml: schema {entry.id} of {entry.record} was not kept: {error.filename}"
        return
    if fingerprint(schema) != entry.fingerprint:
        yield f"released/: schema {entry.id} of {entry.record} is not what ids.yaml says"


def _topics(folder: SchemaFolder) -> Iterator[str]:
    listed = topics_in(folder)
    records = [topic.record for topic in listed.topics]
    if sorted(records) != list(folder.records):
        yield "topics.yaml: each record has exactly one topic, and each topic a record"
    yield from (problem for topic in listed.topics for problem in _topic(topic, listed))
    stages = {
        producer.split(".")[0]
        for topic in listed.topics
        if topic.record == "ImageRejected"
        for producer in topic.producers
    }
    if stages | {"any"} != set(codes_in(folder).reasons):
        yield "codes.yaml: the stages of `reasons` are not the producers of ImageRejected"
    if _passed_on(folder) != set(listed.owners):
        yield f"topics.yaml: owners are not those of {sorted(_passed_on(folder))}"


def _topic(topic: Topic, listed: Topics) -> Iterator[str]:
    if not _NAME.fullmatch(topic.name):
        yield f"topics.yaml: {topic.name} is not pixelprose.<things>.<happened>.v1"
    kept = topic.compacted
    if kept is None:
        if topic.keep_days is None and topic.access != "restricted":
            yield f"topics.yaml: {topic.name} is kept for ever"
    elif topic.keep_days is not None or not 0 <= kept.least_lag_days < kept.most_lag_days:
        yield f"topics.yaml: {topic.name} is not compacted soundly"
    elif topic.consumers and kept.least_lag_days < max(t.keep_days or 0 for t in listed.topics):
        yield f"topics.yaml: {topic.name} could be compacted before it is worked on"


def _passed_on(folder: SchemaFolder) -> set[str]:
    """Names of the fields of records that go down the pipeline, and gather more on the way."""
    passing: list[dict[str, Any]] = [folder.complete(record) for record in folder.records]
    fields = [{field["name"] for field in schema["fields"]} for schema in passing]
    return {name for names in fields if {"submission", "image"} <= names for name in names}
