"""The worker without concurrency: for steps that only compute."""

from concurrent.futures import Future
from typing import Generic

from pixelprose.streamkit.outcome import Outcome
from pixelprose.streamkit.worker import I, O, Step


class Inline(Generic[I, O]):
    """Run the step at once, in the calling thread."""

    def __init__(self, step: Step[I, O]) -> None:
        self._step = step

    def submit(self, record: I, /) -> Future[Outcome[O]]:
        """Run the step to its end."""
        future: Future[Outcome[O]] = Future()
        try:
            future.set_result(self._step(record))
        except Exception as error:  # noqa: BLE001 - the future carries it to the runner
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Nothing is held."""
