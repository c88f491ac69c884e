"""The offsets that a table's rows carry, per partition of the topic that feeds it."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from pixelprose.curator.columns import POSITION
from pixelprose.curator.lake import LakeTable


@dataclass(frozen=True, slots=True)
class Offsets:
    """Sorted offsets per partition, as flat memory: eight bytes a row."""

    by_partition: Mapping[int, "memoryview[int]"]

    def within(self, partition: int, after: int, upto: int) -> int:
        """Return how many rows lie in (after, upto]."""
        held = self.by_partition.get(partition)
        if held is None:
            return 0
        return bisect_right(held, upto) - bisect_right(held, after)

    def holds(self, partition: int, offset: int) -> bool:
        """Return whether a row has this offset."""
        held = self.by_partition.get(partition)
        if held is None:
            return False
        at = bisect_left(held, offset)
        return at < len(held) and held[at] == offset


def offsets(table: LakeTable) -> Offsets:
    """Return the offsets of all rows.

    Raises:
        LakeError: a file is missing, or the store does not answer.
    """
    found = table.query(
        f"select {POSITION}['partition'] as lane, {POSITION}['offset'] as place "  # noqa: S608 - our own columns
        "from t order by 1, 2"
    )
    lanes, places = found.column("lane"), found.column("place")
    by_partition = {
        lane: _flat(places.filter(pc.equal(lanes, pa.scalar(lane, lanes.type))))
        for lane in cast("list[int]", pc.unique(lanes).to_pylist())
    }
    return Offsets(by_partition)


def _flat(places: "pa.ChunkedArray[Any]") -> "memoryview[int]":
    joined = pa.concat_arrays(places.cast(pa.int64()).chunks)
    buffer = joined.buffers()[1]
    assert buffer is not None  # noqa: S101 - an int64 array without nulls has its values there
    flat = memoryview(buffer).cast("B").cast("q")
    return flat[joined.offset : joined.offset + len(joined)]
