"""One replica of a service, from its start to its end."""

import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from tests.schedules.texts import Crash, unfinished

from pixelprose.streamkit import Log, Membership, Runner, Stop, TopicPartition
from pixelprose.streamkit.testing import HandClock, HandWorker, MemoryLog

PACE_SECONDS = 0.1
"""What passes from one look at the clock to the next while a process drains."""

NOT_DRAINED = "a drain ended well, but left work in flight or uncommitted"


@dataclass(eq=False)
class Process:
    """What a schedule knows of a process.

    `decide` ends a try of a record. `strike` is what happens `points_left` points from now; points
    lie before and after each call that has an effect outside of the process. While it drains,
    `ends_left` records still come to their end. `stop` is why it ends. Whenever its partitions
    changed (`changes`), it may have read the same records again.
    """

    slot: int
    log: MemoryLog
    decide: Callable[["Process", str, int], None]
    worker: HandWorker = field(default_factory=HandWorker)
    strike: str = ""
    points_left: int = 0
    busy: bool = False
    deaf: bool = False
    draining: bool = False
    ends_left: int = 0
    changes: int = 0
    stop: Stop | None = None
    runner: Runner[str, str, Any] = field(init=False)

    def owns(self, _: Collection[TopicPartition]) -> None:
        """Its partitions changed."""
        self.changes += 1

    def time(self, clock: HandClock) -> float:
        """Return the time; while it drains, time passes and records end as it is asked for."""
        if self.draining:
            clock.advance(PACE_SECONDS)
            pending = unfinished(self.worker)
            if pending and self.ends_left:
                self.ends_left -= 1
                self.decide(self, *pending[-1])
        return clock()


@dataclass(frozen=True)
class Joined:
    """A log whose process has joined: `Runner.run` on it goes straight to the process's end.

    That is the drain, or what follows on a `Stop`.
    """

    log: Log[Any]
    process: Process

    def subscribe(self, _: Membership) -> None:
        """It has, and perhaps that is over."""
        if self.process.stop is not None:
            raise self.process.stop

    def close(self) -> None:
        """Leave the group, unless the process died: it does nothing any more."""
        error = sys.exc_info()[1]
        if error is None:
            windows = [window for _, window in self.process.runner._windows.items()]
            assert not any(window.ready or window.busy for window in windows), NOT_DRAINED
        if not isinstance(error, Crash):
            self.log.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the log's
        return getattr(self.log, name)
