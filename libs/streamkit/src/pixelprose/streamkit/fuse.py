"""When failures of single records are the failure of the service."""

from collections import deque


class Fuse:
    """Blows after `in_a_row` failures, or when `share` of the last `window` records failed."""

    def __init__(self, *, in_a_row: int, share: float, window: int) -> None:
        self._in_a_row = in_a_row
        self._most = share * window
        self._last: deque[int] = deque(maxlen=window)
        self._failed = 0
        self._row = 0

    def succeeded(self) -> None:
        """A record ended as its step decided."""
        self._row = 0
        self._push(0)

    def failed(self) -> str | None:
        """A record became a dead letter; return why the fuse blew, if it did."""
        self._row += 1
        self._push(1)
        if self._row >= self._in_a_row:
            return f"{self._row} dead letters in a row"
        full = len(self._last) == self._last.maxlen
        if full and self._failed >= self._most:
            return f"{self._failed} dead letters among the last {len(self._last)} records"
        return None

    def _push(self, failed: int) -> None:
        if len(self._last) == self._last.maxlen:
            self._failed -= self._last[0]
        self._last.append(failed)
        self._failed += failed
