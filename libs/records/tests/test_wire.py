"""Records on the wire."""

import io
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NewType, get_args, get_origin, get_type_hints

import msgspec
import pytest
from confluent_kafka.schema_registry import Schema
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from fastavro import parse_schema, schemaless_writer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixelprose.records import (
    CaptionAnnotated,
    ConsentSignal,
    Group,
    ImageFetched,
    ImageSubmitted,
    Redrive,
    Registry,
    RegistrySettings,
    Takedown,
    Wire,
    schema_text,
    topic_of,
)
from pixelprose.records.body import plain
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.records.registry import subject_of
from pixelprose.records.topics import record_class
from pixelprose.streamkit import Undecodable

REGISTRY = Registry(RegistrySettings())
RECORDS = [record_class(name) for name in packaged().records]
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    datetime: st.datetimes(timezones=st.just(UTC)),
    type(None): st.none(),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any annotation
    """Everything that a field of this annotation may hold."""
    if hint in PLAIN:
        return PLAIN[hint]
    if isinstance(hint, NewType):
        return values_of(hint.__supertype__)
    if isinstance(hint, type) and issubclass(hint, Group):
        return st.builds(hint, **{k: values_of(part) for k, part in get_type_hints(hint).items()})
    inner = [values_of(part) for part in get_args(hint) if part is not Ellipsis]
    if get_origin(hint) is dict:
        return st.dictionaries(inner[0], inner[1], max_size=2)
    if get_origin(hint) is tuple:
        rows = st.lists(inner[0], max_size=2).map(tuple)
        return rows if Ellipsis in get_args(hint) else st.tuples(*inner)
    return st.one_of(inner)


def wire_of(record: type[Group]) -> Wire[Any]:
    return Wire(record, REGISTRY)


def submitted() -> ImageSubmitted:
    return ImageSubmitted(url="u", source="s", submitted_at=datetime(2026, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_record_survives_the_wire(record: type[Group], data: st.DataObject) -> None:
    value = data.draw(values_of(record))
    wire = wire_of(record)
    assert wire.decode(wire.encode(value)) == value


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_the_confluent_client_writes_and_reads_the_same_bytes(record: type[Group]) -> None:
    value = example(packaged(), record, "full")
    context = SerializationContext(topic_of(record), MessageField.VALUE)
    schema = schema_text(record.__name__)
    ours = wire_of(record).encode(value)
    write = AvroSerializer(
        REGISTRY._client,
        schema,
        lambda one, _: msgspec.to_builtins(one, builtin_types=(bytes, datetime)),
        {"auto.register.schemas": False},
    )
    read = AvroDeserializer(REGISTRY._client, schema, lambda one, _: msgspec.convert(one, record))
    assert write(value, context) == ours
    assert read(ours, context) == value


def with_extra_field(record: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text(record))
    schema["fields"].append({"name": "later", "type": "string", "default": ""})
    return schema


def test_what_a_newer_schema_says_beyond_ours_is_kept_as_text() -> None:
    registry = Registry(RegistrySettings(url="mock://beyond"))
    schema = json.loads(schema_text("ImageFetched"))
    text = {"name": "mood", "type": "string", "default": ""}
    schema["fields"].append({**text, "type": {"type": "map", "values": "bytes"}, "default": {}})
    fields = {field["name"]: field for field in schema["fields"]}
    fields["image"]["type"]["fields"].append(text)
    fetch = {field["name"]: field for field in fields["fetch"]["type"]["fields"]}
    fetch["consent"]["type"]["items"]["fields"].append(text)
    newer = registry._client.register_schema(
        subject_of("ImageFetched"), Schema(json.dumps(schema), "AVRO")
    )
    record = example(packaged(), ImageFetched, "full")
    values = plain(record)
    values["mood"] = {"all": b"\xff"}
    values["image"]["mood"] = "calm"
    for number, signal in enumerate(values["fetch"]["consent"]):
        signal["mood"] = f"m{number}"
    buffer = io.BytesIO()
    buffer.write(b"\0" + newer.to_bytes(4, "big"))
    schemaless_writer(buffer, parse_schema(schema), values)
    wire = Wire(ImageFetched, registry)
    assert wire.decode(buffer.getvalue()) == record
    found = wire.beyond(buffer.getvalue(), record)
    signals = {f"fetch.consent[{n}].mood": f'"m{n}"' for n, _ in enumerate(record.fetch.consent)}
    assert found == {"mood": '{"all": "ff"}', "image.mood": '"calm"', **signals}
    assert signals
    assert wire.beyond(wire.encode(record), record) == {}


def test_an_older_schema_says_nothing_beyond_ours() -> None:
    registry = Registry(RegistrySettings(url="mock://older"))
    schema = json.loads(schema_text("ImageSubmitted"))
    schema["fields"] = [f for f in schema["fields"] if f["name"] != "rights"]
    older = registry._client.register_schema(
        subject_of("ImageSubmitted"), Schema(json.dumps(schema), "AVRO")
    )
    buffer = io.BytesIO()
    buffer.write(b"\0" + older.to_bytes(4, "big"))
    schemaless_writer(buffer, parse_schema(schema), plain(submitted()))
    wire = Wire(ImageSubmitted, registry)
    record = wire.decode(buffer.getvalue())
    assert record == submitted()
    assert wire.beyond(buffer.getvalue(), record) == {}


def test_a_newer_schema_is_fetched_and_its_unknown_fields_are_left_out() -> None:
    registry = Registry(RegistrySettings())
    schema = with_extra_field("Takedown")
    subject = subject_of("Takedown")
    newer = registry._client.register_schema(subject, Schema(json.dumps(schema), "AVRO"))
    buffer = io.BytesIO()
    buffer.write(b"\0" + newer.to_bytes(4, "big"))
    value = example(packaged(), Takedown, "full")
    fields = msgspec.to_builtins(value, builtin_types=(datetime,))
    schemaless_writer(buffer, parse_schema(schema), fields | {"later": "x"})
    assert Wire(Takedown, registry).decode(buffer.getvalue()) == value


@pytest.mark.parametrize(
    "text", ["{}", "no JSON", '"pixelprose.v1.Elsewhere"', '{"type": "record"}']
)
def test_a_schema_that_is_no_avro_makes_its_records_undecodable(text: str) -> None:
    registry = Registry(RegistrySettings())
    wrong = registry._client.register_schema(subject_of("Takedown"), Schema(text, "JSON"))
    with pytest.raises(Undecodable, match=f"schema {wrong} of the registry"):
        Wire(Takedown, registry).decode(b"\0" + wrong.to_bytes(4, "big") + b"body")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "too few"),
        (b"\0\0\0", "too few"),
        (b"\1\0\0\0\1rest", "first byte is 1"),
        (b'{"url": "u"}', "first byte is 123"),
        (b"\0\0\0\xff\xff", "no schema 65535"),
        (b"\0\0\0\0\1", "no ImageSubmitted of schema 1"),
    ],
)
def test_bytes_that_are_no_record_are_undecodable(data: bytes, says: str) -> None:
    with pytest.raises(Undecodable, match=says):
        wire_of(ImageSubmitted).decode(data)


def test_left_over_bytes_are_undecodable() -> None:
    wire = wire_of(ImageSubmitted)
    with pytest.raises(Undecodable, match="1 bytes are left over"):
        wire.decode(wire.encode(submitted()) + b"\0")


def test_a_record_of_another_type_is_undecodable() -> None:
    data = wire_of(Redrive).encode(example(packaged(), Redrive, "full"))
    with pytest.raises(Undecodable, match="no ImageSubmitted of schema"):
        wire_of(ImageSubmitted).decode(data)


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=80))
def test_any_bytes_are_a_record_or_undecodable(body: bytes) -> None:
    wire = wire_of(ImageSubmitted)
    with suppress(Undecodable):
        wire.decode(b"\0\0\0\0\1" + body)


@settings(max_examples=100, deadline=None)
@given(place=st.integers(5, 10_000), flip=st.integers(1, 255))
def test_a_flipped_byte_is_another_record_or_undecodable(place: int, flip: int) -> None:
    wire = wire_of(CaptionAnnotated)
    data = bytearray(wire.encode(example(packaged(), CaptionAnnotated, "full")))
    data[5 + place % (len(data) - 5)] ^= flip
    with suppress(Undecodable):
        wire.decode(bytes(data))


@pytest.mark.parametrize(
    "wrong",
    [{"url": None}, {"url": 7}, {"fields": {"a": 1}}, {"submitted_at": "yesterday"}],
    ids=str,
)
def test_a_field_of_the_wrong_type_is_not_written(wrong: dict[str, Any]) -> None:
    value = msgspec.structs.replace(submitted(), **wrong)
    with pytest.raises((ValueError, TypeError)):
        wire_of(ImageSubmitted).encode(value)


@pytest.mark.parametrize("attempt", [1.5, True, "1", 2**70])
def test_a_number_is_not_rounded_or_cut_to_fit(attempt: object) -> None:
    value = msgspec.structs.replace(example(packaged(), Redrive, "full"), attempt=attempt)
    with pytest.raises((ValueError, TypeError, OverflowError)):
        wire_of(Redrive).encode(value)


def test_a_time_without_zone_is_not_written() -> None:
    naive = datetime(2026, 1, 2)  # noqa: DTZ001 - what the test is about
    value = msgspec.structs.replace(submitted(), submitted_at=naive)
    with pytest.raises(ValueError, match=r"timezone.*submitted_at"):
        wire_of(ImageSubmitted).encode(value)


def test_a_time_without_zone_inside_a_list_is_not_written() -> None:
    fetched = example(packaged(), ImageFetched, "full")
    naive = datetime(2026, 1, 2)  # noqa: DTZ001 - what the test is about
    seen = ConsentSignal(name="n", value="v", seen_at=naive)
    fetch = msgspec.structs.replace(fetched.fetch, consent=(seen,))
    with pytest.raises(ValueError, match=r"timezone.*seen_at"):
        wire_of(ImageFetched).encode(msgspec.structs.replace(fetched, fetch=fetch))
