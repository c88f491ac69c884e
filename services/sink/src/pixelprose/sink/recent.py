"""The last line of defence: row_ids that a table got lately, exactly, up to a count."""

from collections.abc import Collection, Mapping
from typing import Any, Final, Protocol

RECENT_ROWS: Final = 200_000
"""Row ids that are kept by default: some 40 MB."""

_SLACK: Final = 1.25
"""So much more may be kept before the oldest are sorted out."""


class Remembering(Protocol):
    """A table as it was at one moment, as far as the filter asks."""

    def newest(self, after: object | None, *, limit: int) -> tuple[Mapping[str, Any], object]:
        """Return row_ids that came since `after`, each with its time, and the mark of now.

        Of the whole table (`after` is None) at least the newest `limit`, or all there are.

        Raises:
            Unavailable: the store does not answer.
        """


class RecentRows:
    """The newest row_ids of a table, whoever wrote them.

    It reads them from the table alone, also those of its own process: so it holds after a restart,
    and beside other sinks. A set and no Bloom filter: a refused row must really be there.
    """

    def __init__(self, limit: int = RECENT_ROWS) -> None:
        self._limit = limit
        self._mark: object | None = None
        self._times: dict[str, Any] = {}

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._times

    def __len__(self) -> int:
        return len(self._times)

    def since(self, row_ids: Collection[str]) -> Any:  # noqa: ANN401 - as the table tells time
        """Return the time of the oldest of these, all of which are known."""
        return min(self._times[row_id] for row_id in row_ids)

    def catch_up(self, snapshot: Remembering) -> None:
        """Learn what the table got since the last time.

        Raises:
            Unavailable: the store does not answer.
        """
        found, self._mark = snapshot.newest(self._mark, limit=self._limit)
        self._times.update(found)
        if len(self._times) > self._limit * _SLACK:
            # By the time of the rows and not of our reading: a compaction's files come late.
            ordered = sorted(self._times.items(), key=lambda item: item[1], reverse=True)
            self._times = dict(ordered[: self._limit])
