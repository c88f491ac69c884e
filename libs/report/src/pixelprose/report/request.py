"""What a report shows: which rows, how many pictures, drawn by which seed."""

from dataclasses import dataclass

from pixelprose.curator import LakeError, LakeTable
from pixelprose.curator.export import Rows


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
        return f"({self.where})" if self.where else "true"


def try_filter(table: LakeTable, request: Request) -> None:
    """Do nothing if the filter can be used.

    Raises:
        LakeError: it is no SQL, or names an unknown column; the message lists those there are.
    """
    try:
        table.query(f"select row_id from captions where {request.condition} limit 0")  # noqa: S608 - the filter is the person's own
    except LakeError as error:
        raise LakeError(f"the filter {request.where!r} can't be used: {error}") from error
