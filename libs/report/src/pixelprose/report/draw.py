"""A random sample of captions: every row is as likely as any other, and a seed repeats it.

Each row has a ticket, SHA-256 of the seed and its row_id; the lowest tickets are drawn. A row_id is
a digest itself, so a ticket knows nothing of files, days, sources or the order of rows; compaction
changes nothing, and new rows only push in between. The engine keeps no more than the rows drawn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pixelprose.curator import LakeTable
from pixelprose.curator.export import Rows
from pixelprose.lake import CAPTIONS_CURRENT
from pixelprose.report.request import Request
from pixelprose.report.rows import COLUMNS, Row, row_of
from pixelprose.report.withheld import apart

_SPARE = 16


@dataclass(frozen=True, slots=True)
class _Ticket:
    number: str
    row_id: str
    image_id: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The rows drawn, in the order in which they were, which is random too.

    Attributes:
        withheld: how many were passed over, since they must not be seen.
    """

    rows: Sequence[Row]
    withheld: int


def draw(table: LakeTable, rejections: LakeTable | None, request: Request) -> Drawn:
    """Return a sample of the rows that may be seen.

    A row that is superseded, where current captions are asked for, or that must not be seen is
    passed over and the next ticket drawn, which leaves all others as likely as each other.

    Raises:
        LakeError: the filter is wrong, a file is missing, or the store does not answer.
    """
    drawn: list[Row] = []
    withheld, last = 0, ""
    while len(drawn) < request.sample:
        tickets = _lowest(table, request, after=last, count=request.sample - len(drawn) + _SPARE)
        if not tickets:
            break
        seen, unseen = apart(_rows(table, request, tickets), rejections)
        drawn += seen
        withheld += unseen
        last = tickets[-1].number
    return Drawn(drawn[: request.sample], withheld)


def _lowest(table: LakeTable, request: Request, *, after: str, count: int) -> Sequence[_Ticket]:
    ticket = f"encode(sha256(concat('{request.seed}/', row_id)), 'hex')"
    found = table.records(
        f"select number, row_id, image_id from (select {ticket} as number, row_id, image_id "  # noqa: S608 - the filter is the person's own
        f"from captions where {request.condition}) where number > '{after}' "
        f"order by number limit {count}"
    )
    return [_Ticket(row["number"], row["row_id"], row["image_id"]) for row in found]


def _rows(table: LakeTable, request: Request, tickets: Sequence[_Ticket]) -> Sequence[Row]:
    # A caption can only be superseded by one of the same image.
    images = _listed(ticket.image_id for ticket in tickets)
    origin = CAPTIONS_CURRENT if request.rows is Rows.CURRENT else "select * from captions"
    found = table.records(
        f"with captions as (select * from t where image_id in ({images})) "  # noqa: S608 - digests
        f"select {COLUMNS} from ({origin}) "
        f"where row_id in ({_listed(ticket.row_id for ticket in tickets)})"
    )
    rows = {values["row_id"]: values for values in found}
    return [row_of(rows[ticket.row_id]) for ticket in tickets if ticket.row_id in rows]


def _listed(digests: Iterable[str]) -> str:
    return ", ".join(f"'{digest}'" for digest in sorted(set(digests)))
