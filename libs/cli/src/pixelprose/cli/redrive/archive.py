"""The topics that a command looks at: dead letters, rejections, and the ledger."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from pixelprose.cli.client_settings import ClientSettings
from pixelprose.cli.errors import CommandError
from pixelprose.cli.redrive.failure import Failure, of_dead_letter, of_rejection
from pixelprose.cli.redrive.ledger import Ledger
from pixelprose.cli.redrive.reading import Span, Spans, read, spans, whole
from pixelprose.kafkalog import cluster_id
from pixelprose.records import (
    ImageRejected,
    Passing,
    RecordCodec,
    Redrive,
    Registry,
    Wire,
    topic_list,
    topic_of,
)
from pixelprose.records.stream import version_of
from pixelprose.streamkit import TopicPartition, Undecodable

REJECTIONS: Final = topic_of(ImageRejected)
LEDGER: Final = topic_of(Redrive)
_ASK_SECONDS: Final = 15.0


class Archive:
    """Failures of some topics, as they lay there when it was opened."""

    def __init__(self, settings: ClientSettings, topics: Iterable[str] = ()) -> None:
        self.kafka = settings.kafka
        self.cluster = cluster_id(settings.kafka)
        registry = Registry(settings.registry)
        self.codec = RecordCodec(
            Passing(
                service="redrive",
                stage="redrive",
                version=version_of("records"),
                instance=settings.instance,
                cluster=self.cluster,
            ),
            registry,
            now=lambda: datetime.now(UTC),
        )
        self.wire = Wire(Redrive, registry)
        self._rejections = Wire(ImageRejected, registry)
        self._topics = frozenset(topics) or frozenset(topic_list().dead_letter_topics())
        self._topic_ids = self._ids()
        self.spans: Spans = spans(self.kafka, self._topics)

    def narrow(self, at: TopicPartition, offset: int) -> None:
        """Look at this one offset alone."""
        self.spans = {at: Span(offset, offset + 1)}

    def failures(self) -> Iterator[Failure]:
        """Yield every dead letter or rejection, each partition's in order.

        Raises:
            CommandError, KafkaException, StreamError: not all of them can be read.
        """
        for message in read(self.kafka, self.spans):
            if message.at.topic == REJECTIONS:
                # One that can't be read has no reason to be chosen by; the sink condemns it.
                with suppress(Undecodable):
                    yield of_rejection(message, self._rejections.decode(message.value))
            else:
                yield of_dead_letter(message, cluster=self.cluster)

    def ledger(self) -> Ledger:
        """Return what is in the ledger now; who holds no lock may be told more a moment later.

        Raises:
            CommandError, KafkaException, StreamError: it can't be read.
        """
        return self._ledger(spans(self.kafka, frozenset({LEDGER})))

    def whole_ledger(self) -> Ledger:
        """Return the ledger to its very end, for who holds the lock and so alone writes to it.

        Raises:
            CommandError, KafkaException, StreamError: it can't be read whole.
        """
        return self._ledger(whole(self.kafka, frozenset({LEDGER})))

    def _ledger(self, lying: Spans) -> Ledger:
        if not lying:
            raise CommandError(f"there is no topic {LEDGER} yet; run `pixelprose topics init` once")
        found = Ledger(dict(self._topic_ids))
        found.add_all(self.wire.decode(message.value) for message in read(self.kafka, lying))
        return found

    def _ids(self) -> dict[str, str]:
        admin = AdminClient({**self.kafka.client(), "log_level": 0})
        physical = {self.kafka.physical(topic): topic for topic in self._topics}
        asked = admin.describe_topics(TopicCollection(list(physical)), request_timeout=_ASK_SECONDS)
        found: dict[str, str] = {}
        for name, future in asked.items():
            try:
                found[physical[name]] = str(future.result().topic_id)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
        return found
