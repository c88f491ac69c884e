"""Ends a process whose loop stands still: some client calls never return."""

import os
import time
from collections.abc import Callable, Sequence
from threading import Event, Thread

import structlog

from pixelprose.streamkit.exit_codes import ExitCode

_LOOK_SECONDS = 0.5


class Watchdog:
    """Counts its own short sleeps, so that a process that was stopped and continued is not ended.

    `beats` gives, for each loop, a number that grows while it turns.
    """

    def __init__(
        self,
        beats: Callable[[], Sequence[int]],
        *,
        seconds: float,
        end: Callable[[int], None] = os._exit,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._beats = beats
        self._looks = max(1, round(seconds / _LOOK_SECONDS))
        self._end = end
        self._sleep = sleep
        self._stopped = Event()

    def start(self) -> None:
        """Watch in a thread of its own."""
        Thread(target=self.watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def watch(self) -> None:
        """Watch until stopped; end the process when any loop stands still too long."""
        last: Sequence[int] = ()
        still = [0]
        while not self._stopped.is_set():
            now = tuple(self._beats())
            if len(last) != len(now):
                still = [0] * len(now)
            else:
                pairs = zip(last, now, still, strict=True)
                still = [count + 1 if a == b else 0 for a, b, count in pairs]
            last = now
            if max(still, default=0) >= self._looks:
                structlog.get_logger("watchdog").error("hung", exit_code=int(ExitCode.HUNG))
                self._end(int(ExitCode.HUNG))
                return
            self._sleep(_LOOK_SECONDS)
