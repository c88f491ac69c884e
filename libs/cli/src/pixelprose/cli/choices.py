"""What the table commands let people choose."""

from enum import StrEnum


class Output(StrEnum):
    """For people, or for programs."""

    TEXT = "text"
    JSON = "json"


class Topics(StrEnum):
    """Whether a check reads the topics that feed the tables."""

    COMPARE = "compare"
    LEAVE = "leave"
