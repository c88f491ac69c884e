"""A log whose outputs are rows: the table is written first, then Kafka hears of it."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import structlog

from pixelprose.sink.gaps import Gap, Gaps
from pixelprose.sink.guarded import GuardedTable
from pixelprose.sink.reading import Reading
from pixelprose.sink.refused import Refusals
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

R = TypeVar("R")

UNTOLD = Refusals()

_log = structlog.get_logger(__name__)


def stop_at(gaps: Sequence[Gap]) -> None:
    """End the service: a person must know what is missing.

    Raises:
        Stop: always.
    """
    raise Stop(
        ExitCode.RECORDS_LOST,
        f"records were never read, and cannot be any more: {', '.join(map(str, gaps))}; "
        "find out why, redrive what can be had again, then start once with sink.gaps=accept",
    )


def accept(gaps: Sequence[Gap]) -> None:
    """Go on behind what is missing, and say so."""
    _log.warning("gaps_accepted", missing=[str(gap) for gap in gaps])


class TableLog(Log[R]):
    """Reads from `inner`; a commit writes rows to the table, then moves `inner`'s positions.

    A crash between the two leaves rows that the table recognises by position when the records
    come again, so no row is written twice and none is lost.
    """

    def __init__(  # noqa: PLR0913 - two logs, how to read, and what to do when something is amiss
        self,
        inner: Log[Outgoing],
        table: GuardedTable,
        *,
        reading: Reading[R],
        deadline_seconds: float,
        refusals: Refusals = UNTOLD,
        gaps: Gaps | None = None,
        on_gaps: Callable[[Sequence[Gap]], None] = stop_at,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._table = table
        self._reading = reading
        self._refusals = refusals
        self._deadline_seconds = deadline_seconds
        self._gaps = gaps
        self._on_gaps = on_gaps
        self._looked_at: set[TopicPartition] = set()
        self._clock = clock
        self._failing_since: float | None = None

    def probe(self) -> None:
        """Ask whether broker and topic are there."""
        self._inner.probe()

    def subscribe(self, membership: Membership) -> None:
        """Join the group."""
        self._inner.subscribe(membership)

    def poll(self, timeout_seconds: float) -> Message | None:
        """Return the next message.

        Raises:
            Stop: records were deleted before they were read, or as the log itself stops.
        """
        try:
            return self._inner.poll(timeout_seconds)
        except Stop as stop:
            if stop.code is ExitCode.POSITION_LOST:
                self._explain()
            raise

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
        outputs: Sequence[R],
        letters: Sequence[Outgoing],
        positions: Mapping[TopicPartition, Committed],
    ) -> bool:
        """Write the rows, then commit rejections, dead letters and positions in one transaction.

        Rejections are of rows that the table refused. After a crash in between, the same rows are
        refused again, and so each is told once.

        Returns:
            False while the store does not answer, until the deadline.

        Raises:
            Stop: the store did not answer within the deadline; or records are missing between the
                table and where the group goes on.
        """
        try:
            if not self._look_for_gaps(positions.keys() - self._looked_at):
                return False
            read = self._reading(outputs)
            refused = self._table.append(read.rows).refused
            ends = self._refusals.ends(refused)
        except Unavailable as error:
            self._wait_or_stop(error)
            return False
        self._failing_since = None
        done = self._inner.commit((), (*letters, *read.letters, *ends), positions)
        if done:
            self._refusals.committed(refused)
        return done

    def close(self) -> None:
        """Leave the group."""
        self._inner.close()

    def _look_for_gaps(self, partitions: Collection[TopicPartition]) -> bool:
        """Look once at each partition, before its first commit; return whether that was possible.

        A position that nobody of ours wrote is seen only then: our first commit leaves a note.
        """
        if self._gaps is None or not partitions:
            return True
        known = self._inner.committed(partitions)
        if found := self._gaps.find(known):
            self._on_gaps(found)
        self._looked_at.update(known)
        return set(partitions) <= known.keys()

    def _explain(self) -> None:
        """Stop with what is missing, where records were deleted before they were read."""
        if self._gaps is None:
            return
        with suppress(Unavailable):
            if found := self._gaps.find(self._inner.committed(self._table.apps.keys())):
                stop_at(found)

    def _wait_or_stop(self, error: Unavailable) -> None:
        now = self._clock()
        if self._failing_since is None:
            self._failing_since = now
            _log.warning("table_unavailable", error=str(error))
        if now - self._failing_since >= self._deadline_seconds:
            raise Stop(ExitCode.UNAVAILABLE, str(error)) from error
