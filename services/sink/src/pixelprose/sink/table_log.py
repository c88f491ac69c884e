"""A log whose outputs are rows: the table is written first, then Kafka hears of it."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence

import structlog

from pixelprose.sink.guarded import GuardedTable
from pixelprose.sink.row import Row
from pixelprose.streamkit import (
    Committed,
    ExitCode,
    Log,
    Membership,
    Message,
    Outgoing,
    Stop,
    TopicPartition,
    Unavailable,
)

_log = structlog.get_logger(__name__)


class TableLog(Log[Row]):
    """Reads from `inner`; a commit writes rows to the table, then moves `inner`'s positions.

    A crash between the two leaves rows that the table recognises by position when the records
    come again, so no row is written twice and none is lost.
    """

    def __init__(
        self,
        inner: Log[Outgoing],
        table: GuardedTable,
        *,
        deadline_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._table = table
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._failing_since: float | None = None

    def probe(self) -> None:
        """Ask whether broker and topic are there."""
        self._inner.probe()

    def subscribe(self, membership: Membership) -> None:
        """Join the group."""
        self._inner.subscribe(membership)

    def poll(self, timeout_seconds: float) -> Message | None:
        """Return the next message."""
        return self._inner.poll(timeout_seconds)

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        """Return nothing more from these until `resume`."""
        self._inner.pause(partitions)

    def resume(self, partitions: Collection[TopicPartition]) -> None:
        """Take up again where `pause` stopped."""
        self._inner.resume(partitions)

    def idle_positions(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Positions past everything delivered."""
        return self._inner.idle_positions(partitions)

    def committed(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, Committed]:
        """The group's positions."""
        return self._inner.committed(partitions)

    def commit(
        self,
        outputs: Sequence[Row],
        letters: Sequence[Outgoing],
        positions: Mapping[TopicPartition, Committed],
    ) -> bool:
        """Write the rows, then commit dead letters and positions in one Kafka transaction.

        Returns:
            False while the store does not answer, until the deadline.

        Raises:
            Stop: the store did not answer within the deadline.
        """
        try:
            self._table.append(outputs)
        except Unavailable as error:
            self._wait_or_stop(error)
            return False
        self._failing_since = None
        return self._inner.commit((), letters, positions)

    def close(self) -> None:
        """Leave the group."""
        self._inner.close()

    def _wait_or_stop(self, error: Unavailable) -> None:
        now = self._clock()
        if self._failing_since is None:
            self._failing_since = now
            _log.warning("table_unavailable", error=str(error))
        if now - self._failing_since >= self._deadline_seconds:
            raise Stop(ExitCode.UNAVAILABLE, str(error)) from error
