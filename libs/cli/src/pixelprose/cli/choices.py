"""What the table commands let people choose."""

from enum import StrEnum
from typing import Self


class Output(StrEnum):
    """For people, or for programs."""

    TEXT = "text"
    JSON = "json"

    @classmethod
    def of(cls, *, as_json: bool) -> Self:
        """Return what --json means."""
        return cls.JSON if as_json else cls.TEXT


class Topics(StrEnum):
    """Whether a check reads the topics that feed the tables."""

    COMPARE = "compare"
    LEAVE = "leave"
