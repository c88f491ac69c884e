"""Avro on the wire: fastavro by hand beside the Confluent client's serialisers, one core.

Both write the same bytes, with the same registry's ids, from and to the same frozen classes.
"""

import json
import time
from collections.abc import Callable
from datetime import datetime

import msgspec
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from pixelprose.records import (
    ImageAnnotated,
    Registry,
    RegistrySettings,
    Wire,
    schema_text,
    topic_of,
)
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.records.ids import schema_ids
from pixelprose.records.registry import subject_of

ROUNDS = 60
CALLS = 50


def microseconds(call: Callable[[], object]) -> float:
    """Return the CPU time of one call: the best of many rounds, since neighbours only add."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CALLS):
            call()
        best = min(best, time.process_time() - began)
    return best / CALLS * 1e6


def client() -> SchemaRegistryClient:
    """Return an in-memory registry with the ids of the embedded one."""
    made: SchemaRegistryClient = SchemaRegistryClient.new_client({"url": "mock://bench"})
    for entry in schema_ids(packaged()):
        made.register_schema(subject_of(entry.record), Schema(schema_text(entry.record), "AVRO"))
    return made


def main() -> None:
    """Measure, print a table, and as the last line one JSON object."""
    record = example(packaged(), ImageAnnotated, "full")
    wire = Wire(ImageAnnotated, Registry(RegistrySettings()))
    context = SerializationContext(topic_of(ImageAnnotated), MessageField.VALUE)
    schema = schema_text("ImageAnnotated")
    write = AvroSerializer(
        client(),
        schema,
        lambda value, _: msgspec.to_builtins(value, builtin_types=(bytes, datetime)),
        {"auto.register.schemas": False},
    )
    read = AvroDeserializer(
        client(), schema, lambda value, _: msgspec.convert(value, ImageAnnotated)
    )
    data = wire.encode(record)
    if write(record, context) != data or read(data, context) != record:
        raise AssertionError("the two do not agree")
    figures = {
        "bytes": len(data),
        "write_us": microseconds(lambda: wire.encode(record)),
        "read_us": microseconds(lambda: wire.decode(data)),
        "confluent_write_us": microseconds(lambda: write(record, context)),
        "confluent_read_us": microseconds(lambda: read(data, context)),
    }
    figures["write_ratio"] = figures["confluent_write_us"] / figures["write_us"]
    figures["read_ratio"] = figures["confluent_read_us"] / figures["read_us"]
    print(f"one ImageAnnotated of {len(data)} bytes, microseconds   ours  confluent  ratio")
    for verb in ("write", "read"):
        ours, theirs = figures[f"{verb}_us"], figures[f"confluent_{verb}_us"]
        print(f"{verb:>50} {ours:6.0f} {theirs:10.0f} {theirs / ours:6.1f}")
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
