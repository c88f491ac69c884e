"""What lies below null structs is written by pyarrow, and read back as null."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pixelprose.sink.columns import fitted
from pixelprose.sink.placeholders import with_placeholders

_parquet: Any = pq  # the stubs know not all of either
_arrow: Any = pa
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def needed(name: str, kind: pa.DataType) -> "pa.Field[Any]":
    return pa.field(name, kind, nullable=False)


INNER = pa.struct([needed("x", pa.float64()), pa.field("maybe", pa.string())])
KIND = pa.struct(
    [
        needed("text", pa.string()),
        needed("number", pa.int64()),
        needed("share", pa.float64()),
        needed("flag", pa.bool_()),
        needed("at", pa.timestamp("us", tz="UTC")),
        needed("inner", INNER),
        needed("boxes", pa.list_(pa.field("element", INNER, nullable=False))),
        needed("scores", pa.map_(pa.string(), pa.float64())),
        pa.field("perhaps", INNER),
    ]
)
FULL = {
    "text": "a",
    "number": 1,
    "share": 0.5,
    "flag": True,
    "at": NOON,
    "inner": {"x": 1.0, "maybe": None},
    "boxes": [{"x": 2.0, "maybe": "b"}],
    "scores": [("s", 3.0)],
    "perhaps": None,
}
VALUES = [None, FULL, {**FULL, "perhaps": {"x": 4.0, "maybe": None}, "boxes": []}, None]


def relaxed(kind: Any) -> Any:  # noqa: ANN401 - any type
    """The same type, in which everything may be null."""
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, relaxed(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(pa.field("element", relaxed(kind.value_type)))
    if pa.types.is_map(kind):
        return pa.map_(kind.key_type, relaxed(kind.item_type))
    return kind


def hollow(values: Sequence[Any], kind: Any = KIND) -> Any:  # noqa: ANN401 - an array
    """Structs of which the null ones have nulls below, as columns of records have them."""
    nothing = dict.fromkeys(field.name for field in kind)
    inside: Any = pa.array([nothing if one is None else one for one in values], relaxed(kind))
    fields: list[Any] = list(kind)
    parts = [fitted(inside.field(number), field.type) for number, field in enumerate(fields)]
    return _arrow.StructArray.from_arrays(
        parts, fields=fields, mask=pa.array([one is None for one in values], pa.bool_())
    )


def assert_written(column: Any) -> None:  # noqa: ANN401 - an array
    for table in (pa.table({"value": column}), pa.table({"value": column}).slice(1)):
        made, file = with_placeholders(table), BytesIO()
        assert made.schema == table.schema
        assert made.to_pylist() == table.to_pylist()
        _parquet.write_table(made, file)
        assert _parquet.read_table(file).to_pylist() == table.to_pylist()


@pytest.mark.parametrize("values", [VALUES, VALUES[::-1], [None], [FULL], []])
def test_null_structs_are_written_and_read_as_they_were(values: list[Any]) -> None:
    assert_written(hollow(values))


def test_so_they_are_below_others() -> None:
    parts = hollow([FULL, None, None, FULL])
    above = pa.struct([needed("value", KIND)])
    outer = pa.struct([pa.field("value", KIND)])
    assert_written(_arrow.StructArray.from_arrays([parts], fields=list(outer)))
    mask = pa.array([False, True, True, False])
    assert_written(_arrow.StructArray.from_arrays([parts], fields=list(above), mask=mask))
    offsets = pa.array([0, 2, 2, 4], pa.int32())
    assert_written(_arrow.ListArray.from_arrays(offsets, parts))
    keys = pa.array(["a", "b", "c", "d"])
    assert_written(_arrow.MapArray.from_arrays(offsets, keys, parts))


def test_pyarrow_still_refuses_them_without() -> None:
    with pytest.raises(pa.ArrowInvalid, match="declared non-nullable but contains nulls"):
        _parquet.write_table(pa.table({"value": hollow([FULL, None])}), BytesIO())
