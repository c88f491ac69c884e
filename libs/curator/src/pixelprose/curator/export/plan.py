"""Which rows go into which shard: decided before the first is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from pixelprose.curator.export.request import Request, Rows
from pixelprose.curator.lake import LakeTable
from pixelprose.curator.where import check_where, condition
from pixelprose.lake import CAPTIONS_CURRENT

_ORIGIN = "_pixelprose_rows"


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one source on one day."""

    source: str
    day: date
    rows: int


@dataclass(frozen=True, slots=True)
class Shard:
    """Rows [first, first + rows) of a source, in the order of day, image_id and row_id."""

    source: str
    number: int
    of: int
    first: int
    rows: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All parts and shards.

    Attributes:
        superseded: row_ids that are not current, where only current rows are asked for.
    """

    parts: Sequence[Part]
    shards: Sequence[Shard]
    superseded: frozenset[str]

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(part.rows for part in self.parts)

    def of_source(self, source: str) -> Sequence[Part]:
        """Return the parts of one source, by day."""
        return [part for part in self.parts if part.source == source]


def plan(table: LakeTable, request: Request) -> Plan:
    """Return what the export consists of.

    Raises:
        LakeError: the filter is no SQL or names an unknown column, or the table can't be read.
    """
    check_where(table, request.where)
    fits = condition(request.where)
    found = table.records(
        f"with {_ORIGIN} as ({_origin(request)}) "  # noqa: S608 - the filter is the person's own
        f"select dataset, ingest_date, count(*) as rows from {_ORIGIN} where {fits} "
        "group by 1, 2 order by 1, 2"
    )
    parts = [Part(row["dataset"], row["ingest_date"], row["rows"]) for row in found]
    return Plan(parts, list(_shards(parts, request.shard_rows)), _superseded(table, request))


def _origin(request: Request) -> str:
    if request.rows is Rows.CURRENT:
        return CAPTIONS_CURRENT
    return "select * from captions"


def _superseded(table: LakeTable, request: Request) -> frozenset[str]:
    if request.rows is Rows.ALL:
        return frozenset()
    found = table.query(
        f"select row_id from captions where row_id not in (select row_id from ({CAPTIONS_CURRENT}))"  # noqa: S608 - our own view
    )
    return frozenset(map(str, found.column("row_id").to_pylist()))


def _shards(parts: Sequence[Part], shard_rows: int) -> Iterator[Shard]:
    for source, group in groupby(parts, key=lambda part: part.source):
        total = sum(part.rows for part in group)
        count = -(-total // shard_rows)
        for number in range(count):
            first = number * shard_rows
            yield Shard(source, number, count, first, min(shard_rows, total - first))
