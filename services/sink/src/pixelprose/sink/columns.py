"""Columns of records as columns of rows: what `rows` does with one record, for many at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from pixelprose.sink.rows import event_id, schema_id
from pixelprose.streamkit import Message

Column: TypeAlias = Any
"""An Arrow array; of which type, is known at run time alone."""

Made: TypeAlias = Any
"""A column, or columns by name that a struct is to be made of."""

ColumnsOf = Callable[[Mapping[str, Column], Sequence[Message]], Mapping[str, Made]]
"""Makes a table's columns of the columns of its records."""

_arrow: Any = pa  # the stubs know no signature with a type that is known at run time alone
_compute: Any = pc


def caption_columns(record: Mapping[str, Column], causes: Sequence[Message]) -> Mapping[str, Made]:
    """Return the columns of captions, by name."""
    caption = inside(record["caption"])
    return {
        **_image_columns(record, causes),
        "row_id": caption["row_id"],
        "policy_hash": caption["policy_hash"],
        "caption": caption,
        "annotation": record["annotation"],
    }


def image_columns(record: Mapping[str, Column], causes: Sequence[Message]) -> Mapping[str, Made]:
    """Return the columns of annotated images, by name."""
    ids = pa.array([event_id(cause) for cause in causes], pa.string())
    return {**_image_columns(record, causes), "row_id": ids}


def _image_columns(record: Mapping[str, Column], causes: Sequence[Message]) -> Mapping[str, Made]:
    submission, fetch = inside(record["submission"]), inside(record["fetch"])
    times = pa.array([cause.timestamp for cause in causes], pa.timestamp("us", tz="UTC"))
    return {
        "ingest_date": times,
        "ingested_at": times,
        "image_id": submission["image_id"],
        "submission_id": submission["submission_id"],
        "attempt": submission["attempt"],
        "dataset": submission["source"],
        "sha256": inside(record["image"])["sha256"],
        "source": {**submission, "fetch": fetch},
        "rights": record["rights"],
        "image": record["image"],
        "consent": {
            "signals": fetch["consent"],
            "consent_policy": fetch["consent_policy"],
            "consent_policy_hash": fetch["consent_policy_hash"],
        },
        "safety": record["screening"],
        "signals": record["signals"],
        "lineage": _lineage(record["lineage"], causes),
    }


def _lineage(hops: Column, causes: Sequence[Message]) -> Mapping[str, Made]:
    return {
        "topic": pa.array([cause.at.topic for cause in causes], pa.string()),
        "partition": pa.array([cause.at.partition for cause in causes], pa.int64()),
        "offset": pa.array([cause.offset for cause in causes], pa.int64()),
        "schema_id": pa.array([schema_id(cause) for cause in causes], pa.int64()),
        "hops": hops,
        "unknown": pa.array([{}] * len(causes), _arrow.map_(pa.string(), pa.string())),
    }


def inside(column: Column) -> Mapping[str, Column]:
    """Return a struct's columns by name."""
    return {field.name: column.field(number) for number, field in enumerate(column.type)}


def hops_of_others(column: Column, *, instance: str) -> set[int]:
    """Return the places of those rows that another deployment's services passed on."""
    hops = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    others = _compute.not_equal(inside(_compute.list_flatten(hops))["instance"], instance)
    return set(_compute.list_parent_indices(hops).filter(others).to_pylist())


def fitted(made: Made, kind: pa.DataType) -> Column:
    """Return a column as a table has it: the fields of `kind`, in its order, and no others.

    Fields that a struct of an older or newer release lacks are null, where they may be.
    """
    if isinstance(made, Mapping):
        return _struct(made, kind, None)
    build = _BUILDERS.get(type(kind), _cast)
    return build(made, kind)


def _cast(column: Column, kind: pa.DataType) -> Column:
    return column if column.type == kind else column.cast(kind)


def _fitted_struct(column: Column, kind: Any) -> Column:  # noqa: ANN401 - a struct's type
    lacking = {
        field.name: _arrow.nulls(len(column), field.type) for field in kind if field.nullable
    }
    mask = column.is_null() if column.null_count else None
    return _struct({**lacking, **inside(column)}, kind, mask)


def _struct(made: Mapping[str, Made], kind: Any, mask: Column) -> Column:  # noqa: ANN401 - a struct's type
    fields = list(kind)
    values = [fitted(made[field.name], field.type) for field in fields]
    return _arrow.StructArray.from_arrays(values, fields=fields, mask=mask)


def _list(column: Column, kind: Any) -> Column:  # noqa: ANN401 - a list's type
    items = fitted(column.values, kind.value_type)
    mask = column.is_null() if column.null_count else None
    return _arrow.ListArray.from_arrays(column.offsets, items, type=kind, mask=mask)


def _map(column: Column, kind: Any) -> Column:  # noqa: ANN401 - a map's type
    keys, items = fitted(column.keys, kind.key_type), fitted(column.items, kind.item_type)
    mask = column.is_null() if column.null_count else None
    return _arrow.MapArray.from_arrays(column.offsets, keys, items, type=kind, mask=mask)


_BUILDERS: Final[Mapping[type, Callable[[Column, Any], Column]]] = {
    pa.StructType: _fitted_struct,
    pa.ListType: _list,
    pa.MapType: _map,
}
