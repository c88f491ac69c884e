"""What a commit says: outputs, letters, positions and notes, of everything that is finished."""

from collections.abc import Callable, Collection, Mapping
from typing import Generic

import structlog

from pixelprose.streamkit.errors import OutputTooLarge
from pixelprose.streamkit.log import Committed, Log, Outgoing, TopicPartition
from pixelprose.streamkit.metrics.of_runner import RunnerMetrics
from pixelprose.streamkit.window import Entry, Windows
from pixelprose.streamkit.worker import I, O, P

_log = structlog.get_logger("runner")


class Commits(Generic[I, O, P]):
    """Commits what the windows hold ready.

    `under_way` stays true after a commit that raised: the log's state is then unknown, and nothing
    more may be committed.
    """

    def __init__(
        self,
        log: Log[P],
        windows: Windows[I, O, P],
        metrics: RunnerMetrics,
        *,
        too_large: Callable[[Entry[I, O, P], OutputTooLarge], None],
        clock: Callable[[], float],
    ) -> None:
        self._log = log
        self._windows = windows
        self._metrics = metrics
        self._too_large = too_large
        self._clock = clock
        self.under_way = False

    def finished(self) -> bool:
        """Commit every finished prefix and idle position; return whether nothing is left over."""
        began = self._clock()
        entries = [entry for _, window in self._windows.items() for entry in window.ready]
        positions = self._positions()
        if not positions:
            return True
        owners = [e for e in entries if e.verdict for _ in e.verdict.outputs]
        outputs = [out for e in entries if e.verdict for out in e.verdict.outputs]
        letters = [e.verdict.letter for e in entries if e.verdict and e.verdict.letter]
        try:
            done = self._commit(outputs, letters, positions)
        except OutputTooLarge as error:
            self.under_way = False
            for owner in {id(owners[index]): owners[index] for index in error.outputs}.values():
                self._too_large(owner, error)
            self._metrics.aborted()
            return False
        if done:
            self._metrics.committed(entries, seconds=self._clock() - began)
            _log.debug("committed", records=len(entries), outputs=len(outputs))
        return done

    def say(self, notes: Mapping[TopicPartition, Committed]) -> bool:
        """Commit notes beside positions that stay as they are; whether there were any, and are."""
        return bool(notes) and not self.under_way and self._commit([], [], notes)

    def take_leave(self, partitions: Collection[TopicPartition]) -> None:
        """Say that this process ends here in order."""
        self.say(self._windows.farewells(partitions))

    def _commit(
        self,
        outputs: list[P],
        letters: list[Outgoing],
        positions: Mapping[TopicPartition, Committed],
    ) -> bool:
        self.under_way = True
        done = self._log.commit(outputs, letters, positions)
        self.under_way = False
        if done:
            self._windows.committed(positions)
        else:
            self._metrics.aborted()
        return done

    def _positions(self) -> dict[TopicPartition, Committed]:
        """Behind each finished prefix; where nothing is in flight, what the log calls idle."""
        windows = dict(self._windows.items())
        ends = {at: w.ready[-1].read.offset + 1 for at, w in windows.items() if w.ready}
        known = {at: w.committed for at, w in windows.items() if not w.waiting}
        for at, idle in self._log.idle_positions(known).items():
            if idle > ends.get(at, known[at]):
                ends[at] = idle
        return {at: windows[at].closing(end) for at, end in ends.items()}
