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
        self._now = (0.0, -math.inf)

    @property
    def part(self) -> float:
        """In [0, 1]."""
        return self._now[0]

    @property
    def since(self) -> float:
        """When the part last changed."""
        return self._now[1]

    def owns(self, lanes: Collection[object]) -> None:
        """These are ours from now on; called in the runner's thread, hence one assignment."""
        self._now = (min(1.0, len(lanes) / max(1, self._lanes)), self._clock())


@dataclass(slots=True)
class Pace:
    """The beat of one domain on this replica: no two requests nearer than its part of the rate.

    For n replicas with parts p, at most rate x t + n requests begin in any t seconds. After each
    change a replica lets a whole beat pass before it asks, so in the t seconds after a rebalance
    the n falls away.
    """

    share: Share
    _last: float = field(default=-math.inf)

    def wait_seconds(self, now: float, *, beat_seconds: float) -> float:
        """How long until the next request may begin; `beat_seconds` is that of all replicas."""
        if not self.share.part:
            return math.inf
        beat = beat_seconds / self.share.part
        return max(0.0, max(self._last, self.share.since) + beat - now)

    def take(self, now: float) -> None:
        """A request begins."""
        self._last = now

    def rested(self, now: float, *, beat_seconds: float) -> bool:
        """Whether a new pace would say the same."""
        return self._last == -math.inf or self.wait_seconds(now, beat_seconds=beat_seconds) <= 0
