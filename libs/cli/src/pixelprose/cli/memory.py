"""Peak memory of this process and everything it started."""

from collections.abc import Iterable

import psutil


class PeakMemory:
    """Samples resident memory; shared pages are counted once per process that maps them."""

    def __init__(self) -> None:
        self.bytes = 0

    def sample(self) -> None:
        """Look once, and keep the largest sum seen."""
        me = psutil.Process()
        self.bytes = max(self.bytes, _resident((me, *me.children(recursive=True))))


def _resident(processes: Iterable[psutil.Process]) -> int:
    total = 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
