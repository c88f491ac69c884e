"""How near a group's unread records are to being deleted: their age over their topic's retention.

What counts is the committed position. A service that is held back reads nothing, and one that is
down has nothing in flight, but their records grow older all the same.
"""

from collections.abc import Callable, Collection, Mapping
from threading import Lock
from typing import Protocol

from pixelprose.kafkalog.observer import Lane

WARNING_SHARE = 0.5
"""Of the retention: it is time to look."""

ALARM_SHARE = 0.9
"""Of the retention: records are about to be deleted unread."""


class Asked(Protocol):
    """Who knows the partitions, for one group. Raises KafkaException: nobody answers."""

    def positions(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        """The group's committed positions; partitions without one are missing."""

    def beginnings(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        """The first offset that each partition still has."""

    def ends(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        """Where readers of committed records come to their end."""

    def written(self, positions: Mapping[Lane, int]) -> Mapping[Lane, float]:
        """When the first record from each position on was written, where there is one."""

    def close(self) -> None:
        """Ask no more."""


def shares(
    asked: Asked, lanes: Collection[Lane], *, keeps: Mapping[str, float], now: float
) -> Mapping[Lane, float]:
    """Return the age of the oldest unread record of each partition over its topic's retention.

    `keeps` says for how many seconds a topic keeps records; the others' never end by age, and are
    left out, as is what has nothing unread. `now` is the time of day in seconds. A record that was
    deleted unread counts as 1. Nothing is read where nothing is unread.

    Raises:
        KafkaException: the broker does not answer.
    """
    positions = asked.positions([lane for lane in lanes if lane[0] in keeps])
    ends = asked.ends(positions)
    behind = {lane: at for lane, at in positions.items() if at < ends[lane]}
    first = asked.beginnings(behind)
    there = {lane: at for lane, at in behind.items() if at >= first[lane]}
    deleted = dict.fromkeys(behind.keys() - there.keys(), 1.0)
    ages = {lane: max(0.0, now - when) for lane, when in asked.written(there).items()}
    return deleted | {lane: age / keeps[lane[0]] for lane, age in ages.items()}


class UnreadWatch:
    """Tells the highest share of the partitions that are ours, look by look; 0 when all is read."""

    def __init__(
        self,
        asked: Asked,
        *,
        keeps: Mapping[str, float],
        tell: Callable[[float], object],
        now: Callable[[], float],
    ) -> None:
        self._asked = asked
        self._keeps = keeps
        self._tell = tell
        self._now = now
        self._lock = Lock()
        self._lanes: set[Lane] = set()

    def assigned(self, lanes: Collection[Lane]) -> None:
        """These are ours from now on."""
        with self._lock:
            self._lanes.update(lanes)

    def gone(self, lanes: Collection[Lane]) -> None:
        """These are not ours any more."""
        with self._lock:
            self._lanes.difference_update(lanes)

    def look(self) -> None:
        """Look once, and tell.

        Raises:
            KafkaException: the broker does not answer; the last word stands.
        """
        with self._lock:
            lanes = sorted(self._lanes)
        found = shares(self._asked, lanes, keeps=self._keeps, now=self._now())
        self._tell(max(found.values(), default=0.0))

    def close(self) -> None:
        """Look no more."""
        self._asked.close()
