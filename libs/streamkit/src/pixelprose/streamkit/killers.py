"""Finding the record that kills the process, by notes that a commit leaves for the next owner.

A process says with its first commit on a partition that it begins there. Whoever moves the position
on, or ends in order, takes that back. After `ALONE_AFTER` owners that did neither, records are
tried one at a time in the whole process, each announced before it begins; one that was announced
`CONDEMNED_AFTER` times and never ended is the killer.
"""

from dataclasses import dataclass, replace
from typing import Self

ALONE_AFTER = 3
"""Unclean ends at one position before records are tried one at a time."""

CONDEMNED_AFTER = 2
"""Unclean ends with nothing but this record in work."""

_FIELDS = 3

ALONE_SPAN = 1_000
"""Most records behind the position that may have been in work when the process died."""


class KillerRecord(Exception):
    """The process died whenever this record was in work."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a position says about the ends that its owners came to.

    Attributes:
        begun: owners that began here and neither moved on nor ended in order.
        tried: how often the record at the position was in work alone and did not end.
        alone_until: records before this offset are tried one at a time.
    """

    begun: int = 0
    tried: int = 0
    alone_until: int = 0

    @classmethod
    def read(cls, text: str) -> Self:
        """The note in a commit's metadata; what is none of ours is an empty one."""
        numbers = text.split("/")
        if len(numbers) != _FIELDS or not all(n.isdecimal() for n in numbers):
            return cls()
        return cls(*map(int, numbers))

    def __str__(self) -> str:
        return f"{self.begun}/{self.tried}/{self.alone_until}"

    def taken_over(self, offset: int, *, span: int) -> Self:
        """The note of a new owner whose first record is at `offset`."""
        until = self.alone_until
        if self.begun >= ALONE_AFTER:
            until = max(until, offset + min(span, ALONE_SPAN))
        return replace(self, begun=self.begun + 1, alone_until=until)

    def announced(self) -> Self:
        """The note before the record at the position begins alone."""
        return replace(self, tried=self.tried + 1)

    def moved(self, offset: int) -> Self:
        """The note at a position further on."""
        return replace(
            self, begun=1, tried=0, alone_until=self.alone_until if offset < self.alone_until else 0
        )

    def ended(self) -> Self:
        """The note of an owner that ends in order."""
        return replace(self, begun=0, tried=0)

    def alone(self, offset: int) -> bool:
        """Whether the record at `offset` must be tried alone."""
        return offset < self.alone_until

    @property
    def condemns(self) -> bool:
        """Whether the record at the position has killed its process often enough."""
        return self.tried >= CONDEMNED_AFTER
