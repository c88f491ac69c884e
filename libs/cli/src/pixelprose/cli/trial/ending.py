"""How a trial ended: its turns, and its records as the rows that the tables would hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pixelprose.cli.trial.line import Passed, Turn
from pixelprose.lake.arrow import arrow_table
from pixelprose.records import BLOCKED, CaptionAnnotated, ImageRejected
from pixelprose.sink.rows import caption_row, rejection_row
from pixelprose.streamkit import DeadLetter, Emit, Later, Outcome, Reject, Skip

Values = dict[str, Any]

State = Literal["captioned", "rejected", "blocked", "waits", "dead letter", "skipped"]


@dataclass(frozen=True, slots=True)
class Trial:
    """Everything that one image came through."""

    turns: Sequence[Turn]

    @property
    def state(self) -> State:
        """How it ended; `blocked` is all that is said of a known hash."""
        if any(
            isinstance(one.outcome, Reject) and one.outcome.reason == BLOCKED for one in self.turns
        ):
            return "blocked"
        if self.captions():
            return "captioned"
        return state_of(self.turns[-1].outcome)

    def captions(self) -> list[Passed]:
        """Return the public records, one a policy."""
        return [
            one
            for turn in self.turns
            for one in turn.onward
            if isinstance(one.record, CaptionAnnotated)
        ]

    def rows(self) -> list[Values]:
        """Return captions and rejections as rows of the tables; none of what is blocked."""
        if self.state == "blocked":
            return []
        rejections = [turn.rejection for turn in self.turns if turn.rejection]
        return [_row(one) for one in (*self.captions(), *rejections)]


def state_of(outcome: Outcome[Any]) -> State:
    """Return what an outcome is called that is the last."""
    match outcome:
        case Reject(reason):
            return "blocked" if reason == BLOCKED else "rejected"
        case Later():
            return "waits"
        case Skip():
            return "skipped"
        case DeadLetter():
            return "dead letter"
        case Emit():
            return "captioned"


def _row(passed: Passed) -> Values:
    record = passed.record
    row = (
        rejection_row(record, passed.message, {})
        if isinstance(record, ImageRejected)
        else caption_row(record, passed.message, {})
    )
    (values,) = arrow_table(type(row), [row]).to_pylist(maps_as_pydicts="strict")
    return dict(values)
