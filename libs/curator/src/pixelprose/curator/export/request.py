"""What to export: the same request of the same table version gives the same bytes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum


class Format(StrEnum):
    """How the files look."""

    PIXELPROSE_28 = "pixelprose-28"
    WEBDATASET = "webdataset"
    JSONL = "jsonl"


class Rows(StrEnum):
    """Which captions of an image: the current one (`captions_current`), or every one."""

    CURRENT = "current"
    ALL = "all"


SHARD_ROWS: Mapping[Format, int] = {
    Format.PIXELPROSE_28: 100_000,
    Format.WEBDATASET: 10_000,
    Format.JSONL: 100_000,
}
"""Rows of one file unless something else is asked for: 0.1 to 1 GB each."""


@dataclass(frozen=True, slots=True)
class Request:
    """One export.

    Attributes:
        where: an SQL expression on the columns of `captions`; None takes every row.
        author_key: fingerprint of the key that authors are hashed with; None where there is none.
    """

    format: Format
    version: int
    where: str | None
    rows: Rows
    shard_rows: int
    author_key: str | None

    def document(self) -> dict[str, object]:
        """Return the request as plain values for JSON."""
        return asdict(self)
