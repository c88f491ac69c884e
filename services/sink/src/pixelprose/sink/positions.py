"""What the broker says of topics: their identity, and where they begin."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    OffsetSpec,
)

from pixelprose.kafkalog import KafkaSettings
from pixelprose.sink.guarded import AppId
from pixelprose.streamkit import ExitCode, Stop, TopicPartition, Unavailable

_ASK_SECONDS: Final = 30.0


class Positions:
    """Asks a broker; topics are named without the prefix of the settings."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._physical = kafka.physical
        self._admin = AdminClient(kafka.client())

    def app_ids(self, topics: Sequence[str]) -> dict[TopicPartition, AppId]:
        """Return the identity of each partition: cluster id, topic UUID, number.

        Raises:
            Stop: a topic is not there.
            Unavailable: the broker does not answer.
        """
        physical = {self._physical(topic): topic for topic in topics}
        found: dict[TopicPartition, AppId] = {}
        try:
            cluster = self._admin.list_topics(timeout=_ASK_SECONDS).cluster_id
            asked = self._admin.describe_topics(
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
        lanes = {KafkaPartition(self._physical(at.topic), at.partition): at for at in partitions}
        asked = {lane: OffsetSpec.earliest() for lane in lanes}  # type: ignore[no-untyped-call]
        try:
            answer = self._admin.list_offsets(asked, request_timeout=_ASK_SECONDS)
            return {lanes[lane]: future.result().offset for lane, future in answer.items()}
        except KafkaException as error:
            raise Unavailable("kafka", str(error)) from error
