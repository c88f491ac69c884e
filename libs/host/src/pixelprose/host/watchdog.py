"""Ends a process whose loop stands still: some client calls never return."""

import faulthandler
import os
import time
from collections.abc import Callable, Sequence
from threading import Event, Thread

import structlog

from pixelprose.streamkit.exit_codes import ExitCode

LOOK_SECONDS = 0.5


class Watchdog:
    """Counts its own short sleeps, so that a process that was stopped and continued is not ended.

    `beats` gives, for each loop, a number that grows while it turns; a negative one says that it
    does not turn yet, for which it has `starting_seconds`.
    """

    def __init__(
        self,
        beats: Callable[[], Sequence[int]],
        *,
        seconds: float,
        starting_seconds: float,
        end: Callable[[int], None] = os._exit,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._beats = beats
        self._looks = max(1, round(seconds / LOOK_SECONDS))
        self._starting_looks = max(1, round(starting_seconds / LOOK_SECONDS))
        self._end = end
        self._sleep = sleep
        self._stopped = Event()
        self._last: Sequence[int] = ()
        self._still: Sequence[int] = ()

    @property
    def calm(self) -> bool:
        """Whether every loop turned within half of the time, or does not turn yet."""
        return all(
            still <= self._looks / 2 or beat < 0
            for beat, still in zip(self._last, self._still, strict=False)
        )

    def start(self) -> None:
        """Watch in a thread of its own."""
        Thread(target=self.watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def watch(self) -> None:
        """Watch until stopped; end the process when any loop stands still too long."""
        while not self._stopped.is_set():
            self._look()
            if self._hung:
                structlog.get_logger("watchdog").error("hung", exit_code=int(ExitCode.HUNG))
                faulthandler.dump_traceback(all_threads=True)
                self._end(int(ExitCode.HUNG))
                return
            self._sleep(LOOK_SECONDS)

    @property
    def _hung(self) -> bool:
        return any(
            still >= (self._looks if beat >= 0 else self._starting_looks)
            for beat, still in zip(self._last, self._still, strict=True)
        )

    def _look(self) -> None:
        """Count, for each loop, the looks since it was last seen to have turned."""
        now = tuple(self._beats())
        if len(now) == len(self._last):
            seen = zip(now, self._last, self._still, strict=True)
            self._still = [still + 1 if beat == before else 0 for beat, before, still in seen]
        else:
            self._still = [0] * len(now)
        self._last = now
