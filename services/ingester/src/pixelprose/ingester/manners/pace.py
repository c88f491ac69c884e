"""How fast one domain is asked, right over all replicas together."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field


class Share:
    """This replica's part of the whole: its owned lanes of all lanes.

    A lane is a partition of a topic that the ingesters read. Kafka gives each to one replica at a
    time, so the parts of all replicas add up to at most one, also while they change hands.
    """

    def __init__(self, *, lanes: int, clock: Callable[[], float]) -> None:
        self._lanes = lanes
        self._clock = clock
        self._now = (0.0, math.inf)

    @property
    def part(self) -> float:
        """In [0, 1]."""
        return self._now[0]

    def settling_seconds(self, now: float, *, beat_seconds: float) -> float:
        """How long a replica that had nothing before must still let the others go first."""
        part, since = self._now
        return max(0.0, since + beat_seconds / part - now) if part else math.inf

    def owns(self, lanes: Collection[object]) -> None:
        """These are ours from now on; called in the runner's thread, hence one assignment."""
        had, since = self._now
        part = min(1.0, len(lanes) / max(1, self._lanes))
        self._now = (part, since if had and part else self._clock())


@dataclass(slots=True)
class Pace:
    """The beat of one domain on this replica: no two requests nearer than its part of the rate.

    For n replicas with parts p, at most rate x t + n requests begin in any t seconds. Who joins
    lets a beat of its own pass first (`Share.settling_seconds`), so it brings no request too many.
    """

    share: Share
    _last: float = field(default=-math.inf)

    def wait_seconds(self, now: float, *, beat_seconds: float) -> float:
        """How long until the next request may begin; `beat_seconds` is that of all replicas."""
        part = self.share.part
        return max(0.0, self._last + beat_seconds / part - now) if part else math.inf

    def take(self, now: float) -> None:
        """A request begins."""
        self._last = now

    def rested(self, now: float, *, beat_seconds: float) -> bool:
        """Whether a new pace would say the same."""
        return self._last == -math.inf or self.wait_seconds(now, beat_seconds=beat_seconds) <= 0
