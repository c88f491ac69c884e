"""What a reader of sources hands over."""

from dataclasses import dataclass
from datetime import datetime

from pixelprose.ingester.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes, and which version of their file or object they are from."""

    data: bytes
    version: str
    modified: datetime | None


def late() -> Refusal:
    """The refusal of what takes too long."""
    return Refusal("timeout", "not read in time")
