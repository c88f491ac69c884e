"""A worker and a clock that do what the test says, when it says it."""

from collections.abc import Callable
from concurrent.futures import Future

from pixelprose.streamkit.outcome import Outcome


class HandWorker:
    """Finishes nothing by itself: the test sets the futures, in the order it likes."""

    def __init__(self) -> None:
        self.futures: list[Future[Outcome[str]]] = []
        self.records: list[str] = []
        self.closed = False
        self.begun: Callable[[str], None] = lambda _: None
        """What to do when a record is begun."""

    def submit(self, record: str, /) -> Future[Outcome[str]]:
        """Note the record."""
        self.records.append(record)
        future: Future[Outcome[str]] = Future()
        self.futures.append(future)
        self.begun(record)
        return future

    def finish(self, record: str, outcome: Outcome[str]) -> None:
        """End the latest try of a record."""
        self._latest(record).set_result(outcome)

    def fail(self, record: str, error: Exception) -> None:
        """Let the latest try of a record raise."""
        self._latest(record).set_exception(error)

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def _latest(self, record: str) -> Future[Outcome[str]]:
        last = len(self.records) - 1 - self.records[::-1].index(record)
        return self.futures[last]


class HandClock:
    """A monotonic clock in seconds that goes on by `step` whenever it is read."""

    def __init__(self, *, step: float = 0.0) -> None:
        self.seconds = 0.0
        self._step = step

    def __call__(self) -> float:
        """Return the time."""
        self.seconds += self._step
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
