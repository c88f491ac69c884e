"""Whether one domain may be asked at all: its pauses, and its breaker. Pure but for `uniform`."""

import math
from collections.abc import Callable

from pixelprose.ingester.manners.settings import MannersSettings

KEPT_SECONDS = 600.0
"""How long single failures count."""


class Temper:
    """What is remembered of a domain's failures.

    A domain that asks for a pause gets it; one that fails too often in a row gets one from us (its
    breaker is open). After a pause one request at a time is let through until one is answered.
    Pauses double, and each is taken at random from its upper half, so that replicas do not come
    back together. Times are of the caller's clock, in seconds.
    """

    def __init__(self, settings: MannersSettings, *, uniform: Callable[[], float]) -> None:
        self._settings = settings
        self._uniform = uniform
        self._failures = 0
        self._pauses = 0
        self._until = -math.inf
        self._troubled = -math.inf

    @property
    def broken(self) -> bool:
        """Whether the breaker is open: nothing was answered since too many failures."""
        return self._failures >= self._settings.pause_after_failures

    @property
    def careful(self) -> bool:
        """Whether one request at a time is enough, since the last pause was for a reason."""
        return self._pauses > 0

    def forgettable(self, now: float) -> bool:
        """Whether nothing is left to remember; most domains that fail never come again."""
        if not self._failures and not self._pauses:
            return True
        kept = self._settings.longest_pause_seconds if self._pauses else KEPT_SECONDS
        return now - max(self._until, self._troubled) > kept

    def pause_seconds(self, now: float) -> float:
        """How long the domain must still be left alone; 0 when it may be asked."""
        return max(0.0, self._until - now)

    def answered(self) -> None:
        """It works."""
        self._failures = self._pauses = 0
        self._until = -math.inf

    def failed(self, now: float) -> None:
        """Nothing, or nothing of use, came back."""
        self._troubled = now
        self._failures += 1
        if self.broken and not self.pause_seconds(now):
            self._pause(now, self._backoff())

    def asked_to_wait(self, now: float, seconds: float | None) -> None:
        """It said that it has enough, perhaps for how long."""
        self._troubled = now
        if not self.pause_seconds(now):
            self._pause(now, self._backoff() if seconds is None else seconds)
        elif seconds is not None:  # the answer to a request from before this pause
            self._until = max(self._until, now + seconds)

    def _pause(self, now: float, seconds: float) -> None:
        self._pauses += 1
        self._until = now + seconds

    def _backoff(self) -> float:
        settings = self._settings
        doubled = settings.first_pause_seconds * 2.0 ** min(self._pauses, 60)
        return min(settings.longest_pause_seconds, doubled) * (1.0 + self._uniform()) / 2.0
