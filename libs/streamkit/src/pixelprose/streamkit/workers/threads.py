"""The worker for steps that wait on the network or leave the interpreter lock."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic

from pixelprose.streamkit.outcome import Outcome
from pixelprose.streamkit.worker import I, O, Step


class Threads(Generic[I, O]):
    """Run the step in `count` threads."""

    def __init__(self, step: Step[I, O], *, count: int = 8) -> None:
        self._step = step
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="step")

    def submit(self, record: I, /) -> Future[Outcome[O]]:
        """Queue the record for the next free thread."""
        return self._pool.submit(self._step, record)

    def close(self) -> None:
        """Cancel what has not begun; a step that runs ends in its own time."""
        self._pool.shutdown(wait=False, cancel_futures=True)
