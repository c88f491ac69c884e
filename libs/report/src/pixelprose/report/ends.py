"""How attempts ended: rows, rejections by stage and reason, dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pixelprose.curator import LakeTable
from pixelprose.records import codes

State = Literal["captioned", "rejected", "dead letter"]

_STATES: dict[str, State] = {"rejections": "rejected", "dead_letters": "dead letter"}


@dataclass(frozen=True, slots=True)
class End:
    """One way to end, and how many attempts did.

    Attributes:
        again: how many of them were redrives or retries.
    """

    state: State
    stage: str
    reason: str
    meaning: str
    count: int
    again: int


def ends(tables: Sequence[LakeTable]) -> Sequence[End]:
    """Return the ends that the tables hold, captions first, then the most frequent.

    A known-hash hit is in no table, so none is counted here.

    Raises:
        LakeError: a file is missing, or the store does not answer.
    """
    found: list[End] = []
    for table in tables:
        if table.name == "captions":
            found += _captioned(table)
        elif table.name in _STATES:
            found += _refused(table, _STATES[table.name])
    return found


def _captioned(table: LakeTable) -> Sequence[End]:
    (row,) = table.records(f"select {_COUNTS} from t")  # noqa: S608 - our own columns
    meaning = "A row in the table, on the public topic."
    return [End("captioned", "captioner", "", meaning, row["rows"], row["again"] or 0)]


def _refused(table: LakeTable, state: State) -> Sequence[End]:
    rows = table.records(
        f"select stage, reason, {_COUNTS} from t group by 1, 2 order by 3 desc, 1, 2"  # noqa: S608 - our own columns
    )
    return [
        End(
            state,
            row["stage"],
            row["reason"],
            _meaning(row["stage"], row["reason"]),
            row["rows"],
            row["again"] or 0,
        )
        for row in rows
    ]


_COUNTS = "count(*) as rows, sum(case when attempt > 0 then 1 else 0 end) as again"


def _meaning(stage: str, reason: str) -> str:
    known = codes()
    service = stage.partition(".")[0]
    for meanings in (known.reasons.get(service, {}), known.reasons["any"]):
        if reason in meanings:
            return meanings[reason]
    return known.dead_letter_reasons.get(reason, "")
