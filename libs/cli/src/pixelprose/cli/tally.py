"""How many records lie between offsets: read and counted where they are few."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pixelprose.cli.cluster import Ends, Lane
from pixelprose.cli.redrive.reading import Span, read
from pixelprose.kafkalog import KafkaSettings
from pixelprose.streamkit import TopicPartition

FEW: Final = 2_000
"""Offsets of one topic that are read to be counted: under a second."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of records; where it is not `exact`, there are at most so many."""

    count: int
    exact: bool = True

    def __str__(self) -> str:
        return f"{self.count:,}" if self.exact else f"≤ {self.count:,}"


class Tally:
    """Counts the committed records of topics, whole and behind the positions of groups.

    The end of a transaction takes an offset, too: beside a busy service there is one to every few
    records. So few offsets are read; of many it is only said that there are no more records.

    Raises:
        CommandError, KafkaException: the broker does not give what it has.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        ends: Mapping[Lane, Ends],
        positions: Sequence[Mapping[Lane, int]],
    ) -> None:
        self._ends = ends
        self._from: dict[Lane, int] = {}
        for topic in {topic for topic, _ in ends}:
            self._from |= self._few(topic, positions)
        self._found: dict[Lane, list[int]] = defaultdict(list)
        spans = {
            TopicPartition(topic.removeprefix(kafka.topic_prefix), number): Span(
                start, ends[topic, number].stable
            )
            for (topic, number), start in self._from.items()
        }
        for message in read(kafka, spans):
            lane = kafka.physical(message.at.topic), message.at.partition
            self._found[lane].append(message.offset)

    def kept(self, topic: str) -> Amount:
        """Return how many records the topic has."""
        return self._amount(self._starts(topic, {}))

    def lag(self, topic: str, positions: Mapping[Lane, int]) -> Amount:
        """Return how many of them lie at or behind these positions."""
        return self._amount(self._starts(topic, positions))

    def _few(self, topic: str, positions: Sequence[Mapping[Lane, int]]) -> Mapping[Lane, int]:
        """Where to read from: the topic's beginning, or else what its slowest reader has left."""
        whole = self._starts(topic, {})
        readers = [one for one in positions if not one.keys().isdisjoint(whole)]
        left = [self._starts(topic, one) for one in readers]
        slowest = {lane: min(one[lane] for one in left) for lane in whole} if left else whole
        return next((one for one in (whole, slowest) if self._size(one) <= FEW), {})

    def _starts(self, topic: str, positions: Mapping[Lane, int]) -> Mapping[Lane, int]:
        return {
            lane: max(ends.first, positions.get(lane, ends.first))
            for lane, ends in self._ends.items()
            if lane[0] == topic
        }

    def _size(self, starts: Mapping[Lane, int]) -> int:
        return sum(max(0, self._ends[lane].stable - start) for lane, start in starts.items())

    def _amount(self, starts: Mapping[Lane, int]) -> Amount:
        if not all(start >= self._from.get(lane, start + 1) for lane, start in starts.items()):
            return Amount(self._size(starts), exact=False)
        return Amount(
            sum(at >= start for lane, start in starts.items() for at in self._found[lane])
        )
