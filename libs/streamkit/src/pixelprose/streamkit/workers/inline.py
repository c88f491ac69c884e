"""The worker without concurrency: for steps that only compute."""

from collections.abc import Callable
from typing import Generic, Self

from pixelprose.streamkit.outcome import Outcome
from pixelprose.streamkit.worker import I, O, Step


class Ended(Generic[O]):
    """The end of a step as something pending; a real future costs a fifth of a whole turn."""

    __slots__ = ("_error", "_outcome")

    def __init__(self, outcome: Outcome[O] | None, error: Exception | None) -> None:
        self._outcome = outcome
        self._error = error

    def result(self, timeout: float | None = None) -> Outcome[O]:
        """Return the outcome, or raise what the step raised."""
        del timeout
        if self._outcome is None:
            raise self._error or RuntimeError("the step returned nothing")
        return self._outcome

    def cancel(self) -> bool:
        """It has ended."""
        return False

    def add_done_callback(self, fn: Callable[[Self], object], /) -> None:
        """Call `fn` at once."""
        fn(self)


class Inline(Generic[I, O]):
    """Run the step at once, in the calling thread."""

    def __init__(self, step: Step[I, O]) -> None:
        self._step = step

    def submit(self, record: I, /) -> Ended[O]:
        """Run the step to its end."""
        try:
            return Ended(self._step(record), None)
        except Exception as error:  # noqa: BLE001 - the result carries it to the runner
            return Ended(None, error)

    def close(self) -> None:
        """Nothing is held."""
