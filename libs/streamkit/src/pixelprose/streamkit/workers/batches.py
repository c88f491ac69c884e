"""The worker for steps that are cheaper together: models on a GPU."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic

from pixelprose.streamkit.errors import Unavailable
from pixelprose.streamkit.outcome import Outcome
from pixelprose.streamkit.worker import BatchStep, I, O


class Batches(Generic[I, O]):
    """Gather up to `size` records, or what came within `linger_seconds` of the first, per call.

    When a batch fails, its records are tried again one at a time, so that a bad record does not
    condemn its neighbours; `Unavailable` fails all of them at once.
    """

    def __init__(
        self,
        step: BatchStep[I, O],
        *,
        size: int,
        linger_seconds: float = 0.05,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._step = step
        self._size = size
        self._linger_seconds = linger_seconds
        self._clock = clock
        self._queue: SimpleQueue[tuple[I, Future[Outcome[O]]] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="batches", daemon=True)
        self._thread.start()

    def submit(self, record: I, /) -> Future[Outcome[O]]:
        """Put the record into the next batch."""
        future: Future[Outcome[O]] = Future()
        self._queue.put((record, future))
        return future

    def close(self) -> None:
        """Take no more batches; one that runs ends in its own time."""
        self._queue.put(None)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            gathered = [first, *self._more()]
            batch = [item for item in gathered if item[1].set_running_or_notify_cancel()]
            if batch:
                self._decide([record for record, _ in batch], [future for _, future in batch])

    def _more(self) -> list[tuple[I, Future[Outcome[O]]]]:
        more: list[tuple[I, Future[Outcome[O]]]] = []
        deadline = self._clock() + self._linger_seconds
        while len(more) < self._size - 1:
            try:
                item = self._queue.get(timeout=max(0.0, deadline - self._clock()))
            except Empty:
                break
            if item is None:
                self._queue.put(None)
                break
            more.append(item)
        return more

    def _decide(self, records: Sequence[I], futures: Sequence[Future[Outcome[O]]]) -> None:
        try:
            decided = list(zip(futures, self._step(records), strict=True))
        except Exception as error:  # noqa: BLE001 - the futures carry it to the runner
            if len(records) == 1 or isinstance(error, Unavailable):
                for future in futures:
                    future.set_exception(error)
            else:
                for record, future in zip(records, futures, strict=True):
                    self._decide([record], [future])
        else:
            for future, outcome in decided:
                future.set_result(outcome)
