"""The last line of defence: row_ids that a table got lately, exactly, up to a count."""

from collections.abc import Collection, Iterable
from itertools import islice
from typing import Protocol

RECENT_ROWS = 200_000
"""Row ids that are kept by default: some 30 MB."""


class Remembering(Protocol):
    """A table as it was at one moment, as far as the filter asks."""

    def newest(self, after: object | None, *, limit: int) -> tuple[Collection[str], object]:
        """Return row_ids that came since `after`, oldest first, and the mark of now.

        Of the whole table (`after` is None) at least the newest `limit`, or all there are.

        Raises:
            Unavailable: the store does not answer.
        """


class RecentRows:
    """The newest row_ids of a table, whoever wrote them.

    It reads them from the table alone, also those of its own process: so it holds after a restart,
    and beside other sinks.
    """

    def __init__(self, limit: int = RECENT_ROWS) -> None:
        self._limit = limit
        self._mark: object | None = None
        # A dict keeps its order of insertion, and the oldest is its first.
        self._known: dict[str, None] = {}

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._known

    def __len__(self) -> int:
        return len(self._known)

    def catch_up(self, snapshot: Remembering) -> None:
        """Learn what the table got since the last time.

        Raises:
            Unavailable: the store does not answer.
        """
        found, self._mark = snapshot.newest(self._mark, limit=self._limit)
        self._add(found)

    def _add(self, row_ids: Iterable[str]) -> None:
        for row_id in row_ids:
            self._known.pop(row_id, None)
            self._known[row_id] = None
        for row_id in list(islice(self._known, max(0, len(self._known) - self._limit))):
            del self._known[row_id]
