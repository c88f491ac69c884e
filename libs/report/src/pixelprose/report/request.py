"""What a report shows: which rows, how many pictures, drawn by which seed."""

from dataclasses import dataclass

from pixelprose.curator.export import Rows
from pixelprose.curator.where import condition


@dataclass(frozen=True, slots=True)
class Request:
    """One report.

    Attributes:
        where: an SQL expression on the columns of `captions`; None takes every row.
        rows: whether pictures show the current caption of an image, or any of its captions.
        sample: how many pictures, at most.
        seed: the same seed draws the same rows of the same table version.
    """

    where: str | None = None
    rows: Rows = Rows.CURRENT
    sample: int = 60
    seed: int = 1

    @property
    def condition(self) -> str:
        """The filter as SQL."""
        return condition(self.where)
