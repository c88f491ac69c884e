"""What a person asked for, as the command line gave it."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from pixelprose.cli.redrive.options import Doing, Letters, Rejections


class Act(Enum):
    """What shall be done; the value is how it is said in a question."""

    LIST = "list"
    REDRIVE = "put back"
    DROP = "drop"
    RETRY = "try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One command's options."""

    act: Act
    topics: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    submissions: list[str] = field(default_factory=list)
    since: str | None = None
    until: str | None = None
    limit: int | None = None
    because: str | None = None
    dry_run: bool = False
    yes: bool = False
    json: bool = False

    @classmethod
    def of(
        cls, act: Act, which: Letters | Rejections, doing: Doing, *, because: str | None = None
    ) -> Self:
        """Return it, from the options as they were given."""
        return cls(
            act=act,
            topics=(which.topic or []) if isinstance(which, Letters) else [],
            services=which.service or [],
            reasons=which.reason or [],
            ids=which.id_ or [],
            submissions=which.submission or [],
            since=which.since,
            until=which.until,
            limit=doing.limit,
            because=because,
            dry_run=doing.dry_run,
            yes=doing.yes,
            json=doing.json,
        )
