"""When to try again what a dependency did not answer."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waits that double from `first_seconds` to `longest_seconds`, each taken at random.

    Full jitter: a wait is uniform in (0, bound], so that records that failed together do not
    come back together. `random` is uniform in [0, 1).
    """

    first_seconds: float
    longest_seconds: float
    random: Callable[[], float]

    def wait_seconds(self, failures: int) -> float:
        """How long to wait after this many failures in a row (at least 1)."""
        bound: float = min(self.longest_seconds, self.first_seconds * 2.0 ** min(failures - 1, 60))
        return bound * (1.0 - self.random())
