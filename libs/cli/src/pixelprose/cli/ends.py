"""How submissions ended, as an independent reader of the topics sees it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from pixelprose.kafkalog import Configuration
from pixelprose.records import DUPLICATE_ROW

Kind = Literal["captioned", "rejected", "dead_letter"]
Try = tuple[str, int]
"""A submission id and an attempt."""


@dataclass(frozen=True, slots=True)
class End:
    """One terminal state of one attempt of a submission."""

    kind: Kind
    reason: str


@dataclass(slots=True)
class Ends:
    """Terminal states by submission and attempt: exactly one each, or something is wrong.

    Counts are of submissions: one that was put back counts once, as its highest attempt ended.
    """

    by_try: dict[Try, list[End]] = field(default_factory=lambda: defaultdict(list))

    def add(self, who: Try, end: End) -> None:
        """Note one terminal state."""
        self.by_try[who].append(end)

    def count(self, kind: Kind) -> int:
        """Return how many submissions ended so; an attempt that ended twice counts twice."""
        return sum(end.kind == kind for end in self.standing())

    def reasons(self, kind: Kind) -> dict[str, int]:
        """Return counts by reason, most frequent first."""
        counts = Counter(end.reason for end in self.standing() if end.kind == kind)
        return dict(counts.most_common())

    def twice(self) -> list[Try]:
        """Return the attempts with more than one terminal state."""
        return [who for who in self.by_try if len(self.of(who)) > 1]

    def of(self, who: Try) -> list[End]:
        """Return how an attempt ended.

        A caption whose row the sink refused, because the same one was there, ended with that.
        """
        ends = self.by_try[who]
        captions = [end for end in ends if end.kind == "captioned"]
        others = [end for end in ends if end.kind != "captioned"]
        refused = sum(end.reason == DUPLICATE_ROW for end in others)
        return captions[refused:] + others

    def submissions(self) -> set[str]:
        """Return the submissions that ended, at whichever attempt."""
        return {submission for submission, _ in self.by_try}

    def standing(self) -> Iterator[End]:
        """Yield the ends that count: of each submission, those of its highest attempt."""
        highest: dict[str, int] = {}
        for submission, attempt in self.by_try:
            highest[submission] = max(attempt, highest.get(submission, 0))
        for submission, attempt in highest.items():
            yield from self.of((submission, attempt))


class TopicReader:
    """Reads topics from their beginning, committed records alone, without a group's positions."""

    def __init__(self, client: Configuration, topics: Iterable[str]) -> None:
        self._consumer = Consumer(
            {
                **client,
                "group.id": "pixelprose-reader",  # required by the client; never committed
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 100,
            }
        )
        known = self._consumer.list_topics(timeout=10).topics
        self._consumer.assign(
            [
                TopicPartition(topic, partition, 0)
                for topic in topics
                if topic in known
                for partition in known[topic].partitions
            ]
        )

    def read(self, *, seconds: float) -> Iterator[KafkaMessage]:
        """Yield what comes within `seconds`, or until 500 have come, and what is there then.

        Raises:
            KafkaException: the broker refuses, or the client is broken.
        """
        wait = seconds
        while messages := self._consumer.consume(500, wait):
            for message in messages:
                if (error := message.error()) is not None:
                    raise KafkaException(error)
                yield message
            wait = 0.0

    def close(self) -> None:
        """Release the client."""
        self._consumer.close()
