"""Which rows a table takes, and which it refuses because it holds their row_id already."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pixelprose.sink.recent import RecentRows, Remembering
from pixelprose.sink.row import Row, Who
from pixelprose.streamkit import TopicPartition

Owners = Mapping[str, Collection[Who]]
"""Whose rows have a row_id; more than one only where two sinks raced with one."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that its table refused; `owner` is whose row it holds, null when that is gone since."""

    row: Row
    owner: Who | None


@dataclass(slots=True)
class Admitted:
    """What a look at a table makes of rows.

    Attributes:
        fresh: rows beyond the table's positions.
        new: those of them to be written.
        refused: rows that are of another attempt, or come twice; not those that were written.
    """

    fresh: Sequence[Row]
    new: list[Row] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


class Owning(Protocol):
    """A table as it was at one moment, as far as owners are asked for."""

    def owners(self, rows: Sequence[Row], *, since: object | None) -> Owners:
        """Return the row_ids among those of `rows` that the table holds, and whose they are.

        However old, if `since` is None; else rows from that time on suffice.

        Raises:
            Unavailable: the store does not answer.
        """


class _Look(Owning, Remembering, Protocol):
    """Both."""


def admit(
    rows: Sequence[Row], last: Mapping[TopicPartition, int], look: _Look, recent: RecentRows
) -> Admitted:
    """Decide about each row, as the table is at this look.

    A row at or below the table's position has been decided about: it was written, or it was refused
    and nobody may have heard of it. Which, its owner says: a row that is there for another attempt
    was refused, and is again.

    Raises:
        Unavailable: the store does not answer.
    """
    fresh = [row for row in rows if row.offset > last.get(row.at, -1)]
    admitted = Admitted(fresh)
    seen = [row for row in rows if row.cause and row.offset <= last.get(row.at, -1)]
    if not fresh and not seen:
        return admitted
    recent.catch_up(look)
    known = _owners(fresh, seen, look, recent)
    for row in seen:
        if (owners := known.get(row.row_id)) and row.who not in owners:
            admitted.refused.append(Refusal(row, min(owners)))
    # Rows and not their owners: whose a row in columns is, costs more than all else here.
    written: dict[str, Row] = {}
    for row in fresh:
        if row.row_id and (earlier := written.get(row.row_id)):
            admitted.refused.append(_refused(row, {earlier.who}))
        elif row.row_id and (known.get(row.row_id) or row.row_id in recent):
            admitted.refused.append(_refused(row, known.get(row.row_id, ())))
        else:
            written[row.row_id] = row
            admitted.new.append(row)
    return admitted


def _refused(row: Row, owners: Collection[Who]) -> Refusal:
    return Refusal(row, row.who if row.who in owners else min(owners, default=None))


def _owners(
    fresh: Sequence[Row], seen: Sequence[Row], look: Owning, recent: RecentRows
) -> dict[str, Collection[Who]]:
    """Whose the row_ids are that the filter knows, and those of rows that may be of long ago.

    The filter also knows since when: that spares a look through the whole table.
    """
    lately = [row for row in (*fresh, *seen) if row.row_id in recent and (row.cause or row.again)]
    ever = [row for row in fresh if row.again and row.row_id not in recent]
    ever += [row for row in seen if row.row_id not in recent]
    known: dict[str, Collection[Who]] = {}
    if lately:
        known |= look.owners(lately, since=recent.since({row.row_id for row in lately}))
    if ever:
        known |= look.owners(ever, since=None)
    return known
