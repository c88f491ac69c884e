"""A record's tries in the worker, until there is a verdict."""

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic

from pixelprose.streamkit.backoff import Backoff
from pixelprose.streamkit.errors import Stop, Unavailable
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.metrics.of_runner import RunnerMetrics
from pixelprose.streamkit.runner_settings import RunnerSettings
from pixelprose.streamkit.verdict import EMITTED, Judge, Verdict
from pixelprose.streamkit.window import Entry
from pixelprose.streamkit.worker import I, O, P, Worker


class Trials(Generic[I, O, P]):
    """Begins records, tries them again when a dependency does not answer, and judges them."""

    def __init__(
        self,
        worker: Worker[I, O],
        judge: Judge[I, O, P],
        settings: RunnerSettings,
        *,
        metrics: RunnerMetrics,
        clock: Callable[[], float],
        uniform: Callable[[], float],
    ) -> None:
        self._worker = worker
        self._judge = judge
        self._deadline_seconds = settings.unavailable_deadline_seconds
        self._metrics = metrics
        self._clock = clock
        self._backoff = Backoff(
            first_seconds=settings.unavailable_first_wait_seconds,
            longest_seconds=settings.unavailable_longest_wait_seconds,
            random=uniform,
        )
        self._done: deque[Entry[I, O, P]] = deque()
        self._postponed: list[tuple[float, int, Entry[I, O, P]]] = []
        self._order = itertools.count()
        self._served = -1.0

    def begin(self, entry: Entry[I, O, P]) -> bool:
        """Decode the record and hand it to the worker; False when its bytes were the end of it.

        Raises:
            Stop: what decoding depends on does not answer; the record stays uncommitted.
        """
        try:
            decoded = self._judge.decode(entry.message)
        except Unavailable as error:
            raise Stop(ExitCode.UNAVAILABLE, f"a record can't be read: {error}") from error
        if isinstance(decoded, Verdict):
            entry.verdict = decoded
            return False
        entry.record = decoded
        self._try(entry, decoded)
        return True

    def ended(self) -> Iterator[Entry[I, O, P]]:
        """Yield the records that have a verdict since the last call; try again what is due.

        Raises:
            Stop: a dependency did not answer any record within the deadline.
        """
        while self._done:
            entry = self._done.popleft()
            if not entry.gone and self._conclude(entry):
                yield entry
        now = self._clock()
        while self._postponed and self._postponed[0][0] <= now:
            entry = heapq.heappop(self._postponed)[-1]
            if not entry.gone and entry.record is not None:
                self._try(entry, entry.record)

    def _try(self, entry: Entry[I, O, P], record: I) -> None:
        entry.begun = self._clock()
        entry.future = self._worker.submit(record)
        entry.future.add_done_callback(lambda _: self._done.append(entry))

    def _conclude(self, entry: Entry[I, O, P]) -> bool:
        if entry.future is None:
            return False
        try:
            entry.verdict = self._judge.of(entry.message, entry.record, entry.future)
        except Unavailable as error:
            return self._postpone(entry, error)
        # What is finished waits for its commit as bytes alone: records are many objects each.
        entry.record = entry.future = None
        if entry.verdict.outcome == EMITTED:
            self._served = max(self._served, entry.begun)
        self._metrics.step_seconds.observe(self._clock() - entry.begun)
        return True

    def _postpone(self, entry: Entry[I, O, P], error: Unavailable) -> bool:
        now, before = self._clock(), entry.last_failed
        entry.failures += 1
        entry.last_failed = now
        if entry.failures == 1:
            entry.first_failed = now
        if now - entry.first_failed < self._deadline_seconds:
            self._metrics.retried(error.name)
            due = now + self._backoff.wait_seconds(entry.failures)
            heapq.heappush(self._postponed, (due, next(self._order), entry))
            return False
        if entry.failures > 1 and self._served > before:
            # A record that began after this one's last try but one was served all the same.
            entry.verdict = self._judge.doubted(entry.message, "unavailable", error)
            return True
        detail = f"no answer for {self._deadline_seconds:g} s: {error}"
        raise Stop(ExitCode.UNAVAILABLE, detail) from error
