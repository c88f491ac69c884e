"""Judging by rules that somebody else wrote, in a bounded number of steps.

A step is one character that a rule is compared with, 3 ns at most. A file of 500 KB may want
half a second for every URL, and whoever waits for the event loop waits with it.
"""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

PIECE_STEPS: Final = 50
"""What a piece of a pattern costs, however short the URL is: 0.15 us, so 0.3 us for `/*a`."""

HERE_STEPS: Final = 500_000
"""More are taken in a thread: they are 1 ms and more."""

MOST_STEPS: Final = 20_000_000
"""More are not taken: 50 ms. The largest file that is read, with a `*` in each of its 25,000 rules,
stays below for URLs of 500 characters; one that does not is made to take long."""


class Judging:
    """Judges here or in one thread beside the loop, never in two: they would share one core."""

    def __init__(self) -> None:
        self._beside = asyncio.Lock()

    async def of(self, judge: Callable[[], T], *, steps: int) -> T | None:
        """Return what `judge` says, or None when it would take more than `MOST_STEPS`."""
        if steps > MOST_STEPS:
            return None
        if steps <= HERE_STEPS:
            return judge()
        async with self._beside:
            return await asyncio.to_thread(judge)
