"""Which partitions may hold records of an image, and from where on."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Final

from pixelprose.cli.redrive.reading import Span, Spans
from pixelprose.kafkalog import KafkaSettings
from pixelprose.kafkalog.observer import Lane, Observer
from pixelprose.kafkalog.partitioning import partition_of
from pixelprose.records import ImageSubmitted, Redrive, topic_list, topic_of
from pixelprose.streamkit import TopicPartition

SUBMITTED: Final = topic_of(ImageSubmitted)
LEDGER: Final = topic_of(Redrive)
_NOBODY: Final = "pixelprose-trace"


def keyed_topics() -> tuple[str, ...]:
    """Return the topics of the flow whose key is the image; not those for reviewers alone."""
    listed = topic_list().topics
    return tuple(t.name for t in listed if t.key == "image_id" and t.access != "restricted")


def other_topics() -> tuple[str, ...]:
    """Return the topics that may hold anybody's records in any partition, without the first."""
    listed = topic_list()
    return (*listed.dead_letter_topics(), *listed.retry_topics(), LEDGER)


class Lanes:
    """The partitions of all topics, with what is committed in them now.

    Raises:
        KafkaException: the broker does not answer.
    """

    def __init__(self, kafka: KafkaSettings, *, since: datetime | None) -> None:
        names = (SUBMITTED, *keyed_topics(), *other_topics())
        observer = Observer(kafka.client(), group=_NOBODY, isolation="read_committed")
        try:
            self._counts: dict[str, int] = {}
            at: dict[Lane, TopicPartition] = {}
            for name in names:
                lanes = observer.partitions(kafka.physical(name))
                self._counts[name] = len(lanes)
                at |= {lane: TopicPartition(name, lane[1]) for lane in lanes}
            first, end = observer.beginnings(at), observer.ends(at)
            if since is not None:
                later = observer.since(at, seconds=since.timestamp())
                first = {lane: later[lane] if later[lane] >= 0 else end[lane] for lane in at}
        finally:
            observer.close()
        self._spans = {one: Span(first[lane], end[lane]) for lane, one in at.items()}

    def __contains__(self, topic: str) -> bool:
        return bool(self._counts.get(topic))

    def of_images(self, images: Collection[str]) -> Spans:
        """Return where the flow's records of these images lie; of none known, everywhere."""
        wanted = {
            (topic, partition)
            for topic in keyed_topics()
            for partition in self._partitions(topic, images)
        }
        return {at: s for at, s in self._spans.items() if (at.topic, at.partition) in wanted}

    def of_topics(self, topics: Collection[str]) -> Spans:
        """Return all partitions of some topics."""
        return {at: span for at, span in self._spans.items() if at.topic in topics}

    def exact(self, places: Collection[tuple[str, int, int]]) -> Iterator[Spans]:
        """Yield one record each, as far as they are kept."""
        for topic, partition, offset in sorted(places):
            at = TopicPartition(topic, partition)
            span = self._spans.get(at)
            if span is not None and span.first <= offset < span.end:
                yield {at: Span(offset, offset + 1)}

    def _partitions(self, topic: str, images: Collection[str]) -> Collection[int]:
        count = self._counts[topic]
        if not images:
            return range(count)
        return {partition_of(one.encode(), partitions=count) for one in images if count}


def size(spans: Spans | Mapping[TopicPartition, Span]) -> int:
    """Return how many offsets these are."""
    return sum(max(0, span.end - span.first) for span in spans.values())
