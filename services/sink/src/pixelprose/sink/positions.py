"""What the broker says of topics: their identity, and where they begin."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from pixelprose.kafkalog import KafkaSettings
from pixelprose.kafkalog.observer import Observer
from pixelprose.kafkalog.settings import Configuration
from pixelprose.sink.guarded import AppId
from pixelprose.streamkit import ExitCode, Stop, TopicPartition, Unavailable

_ASK_SECONDS: Final = 30.0
_NOBODY: Final = "pixelprose-sink-looks"
"""A group is required by the client; it is never joined."""


class Positions:
    """Asks a broker; topics are named without the prefix of the settings."""

    def __init__(
        self, kafka: KafkaSettings, *, admin: Callable[[Configuration], AdminClient] = AdminClient
    ) -> None:
        self._kafka = kafka
        self._admin = admin

    def app_ids(self, topics: Sequence[str]) -> dict[TopicPartition, AppId]:
        """Return the identity of each partition: cluster id, topic UUID, number.

        Raises:
            Stop: a topic is not there.
            Unavailable: the broker does not answer.
        """
        physical = {self._kafka.physical(topic): topic for topic in topics}
        # Only it knows topics' identities. It goes at once: one that stays is one that may abort
        # the process when the broker goes away (see `Observer`).
        admin = self._admin(self._kafka.client())
        found: dict[TopicPartition, AppId] = {}
        try:
            cluster = admin.list_topics(timeout=_ASK_SECONDS).cluster_id
            asked = admin.describe_topics(
                TopicCollection(list(physical)), request_timeout=_ASK_SECONDS
            )
        except KafkaException as error:
            raise Unavailable("kafka", str(error)) from error
        for name, topic in physical.items():
            try:
                described = asked[name].result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise Unavailable("kafka", str(error)) from error
                detail = f"topic {name}: {error}; run `pixelprose topics init` once"
                raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
            for lane in described.partitions:
                app = f"{cluster}/{described.topic_id}/{lane.id}"
                found[TopicPartition(topic, lane.id)] = app
        return found

    def beginnings(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the first offset that each partition still has.

        Raises:
            Unavailable: the broker does not answer.
        """
        lanes = {(self._kafka.physical(at.topic), at.partition): at for at in partitions}
        with self._asked() as asked:
            return {lanes[lane]: offset for lane, offset in asked.beginnings(lanes).items()}

    def holds(self, at: TopicPartition, first: int, end: int) -> bool:
        """Return whether a committed record can be read at `first` or behind it, before `end`.

        Raises:
            Unavailable: the broker does not answer.
        """
        with self._asked() as asked:
            return asked.holds((self._kafka.physical(at.topic), at.partition), first, end)

    @contextmanager
    def _asked(self) -> Iterator[Observer]:
        """A client for one question: one that lost its broker once may never find it again."""
        with closing(
            Observer(self._kafka.client(), group=_NOBODY, isolation="read_committed")
        ) as asked:
            try:
                yield asked
            except KafkaException as error:
                raise Unavailable("kafka", str(error)) from error
