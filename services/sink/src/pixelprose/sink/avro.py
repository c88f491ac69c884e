"""Avro bodies as Arrow columns, in native code: no record becomes a Python object on the way."""

from collections.abc import Sequence

import pyarrow as pa
import pyruhvro  # type: ignore[import-untyped]


def read_columns(bodies: Sequence[bytes], schema: str) -> pa.RecordBatch:
    """Return records of one schema as columns.

    What was read is written again and held against the bodies: so bytes that are left over, a
    string that is no UTF-8, and any record that the reader takes for another, are found.

    Raises:
        ValueError: the bodies are not such records, as our own writer would write them.
    """
    found: pa.RecordBatch = pa.record_batch(pyruhvro.deserialize_array(bodies, schema))
    found.validate(full=True)
    again = pa.chunked_array(pyruhvro.serialize_record_batch(found, schema, 1))
    if not again.equals(pa.chunked_array([pa.array(bodies, again.type)])):
        raise ValueError("a body says more or less than its record")
    return found
