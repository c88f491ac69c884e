"""The offsets that a table's rows carry, per partition of the topics that feed it."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import pyarrow as pa
import pyarrow.compute as pc

from pixelprose.curator.columns import POSITION
from pixelprose.curator.lake import LakeTable

Lane: TypeAlias = tuple[str, int]
"""A topic, without a deployment's prefix, and a partition of it."""


@dataclass(frozen=True, slots=True)
class Offsets:
    """Sorted offsets per partition, as flat memory: eight bytes a row."""

    by_lane: Mapping[Lane, "memoryview[int]"]

    def within(self, lane: Lane, after: int, upto: int) -> int:
        """Return how many rows lie in (after, upto]."""
        held = self.by_lane.get(lane)
        if held is None:
            return 0
        return bisect_right(held, upto) - bisect_right(held, after)

    def holds(self, lane: Lane, offset: int) -> bool:
        """Return whether a row has this offset."""
        held = self.by_lane.get(lane)
        if held is None:
            return False
        at = bisect_left(held, offset)
        return at < len(held) and held[at] == offset


def offsets(table: LakeTable) -> Offsets:
    """Return the offsets of all rows.

    Raises:
        LakeError: a file is missing, or the store does not answer.
    """
    topics = table.query(f"select distinct {POSITION}['topic'] as topic from t")  # noqa: S608 - our own columns
    by_lane: dict[Lane, memoryview[int]] = {}
    for topic in cast("list[str]", topics.column("topic").to_pylist()):
        by_lane |= _of_topic(table, topic)
    return Offsets(by_lane)


def _of_topic(table: LakeTable, topic: str) -> dict[Lane, "memoryview[int]"]:
    named = topic.replace("'", "''")
    found = table.query(
        f"select {POSITION}['partition'] as lane, {POSITION}['offset'] as place "  # noqa: S608 - quoted above
        f"from t where {POSITION}['topic'] = '{named}' order by 1, 2"
    )
    lanes, places = found.column("lane"), found.column("place")
    return {
        (topic, lane): _flat(places.filter(pc.equal(lanes, pa.scalar(lane, lanes.type))))
        for lane in cast("list[int]", pc.unique(lanes).to_pylist())
    }


def _flat(places: "pa.ChunkedArray[Any]") -> "memoryview[int]":
    joined = pa.concat_arrays(places.cast(pa.int64()).chunks)
    buffer = joined.buffers()[1]
    assert buffer is not None  # noqa: S101 - an int64 array without nulls has its values there
    flat = memoryview(buffer).cast("B").cast("q")
    return flat[joined.offset : joined.offset + len(joined)]
