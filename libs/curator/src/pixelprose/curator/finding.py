"""What one check of a table found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

_SHOWN = 5


class State(StrEnum):
    """How a check ended; `SKIPPED` says in its detail why it could not be made."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result; `examples` names a few of what is wrong."""

    check: str
    table: str
    state: State
    detail: str
    examples: Sequence[str] = field(default=())


def passed(check: str, table: str, detail: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(check, table, State.OK, detail)


def skipped(check: str, table: str, why: str) -> Finding:
    """Return a finding that nothing was found out."""
    return Finding(check, table, State.SKIPPED, why)


def failed(check: str, table: str, detail: str, examples: Sequence[str] = ()) -> Finding:
    """Return a finding that something is wrong, with the first few examples."""
    more = len(examples) - _SHOWN
    shown = [*examples[:_SHOWN], f"and {more:,} more"] if more > 0 else list(examples)
    return Finding(check, table, State.FAILED, detail, shown)
