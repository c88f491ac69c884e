"""Small tables with the real topics that feed them."""

from collections.abc import Sequence
from typing import Final

import msgspec
from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pixelprose.curator.testing import LANES, SmallLake, a_caption, a_record, digest
from pixelprose.curator.topic import Topic
from pixelprose.kafkalog import KafkaSettings
from pixelprose.lake import CAPTIONS, CaptionRow
from pixelprose.records import CaptionAnnotated, Registry, RegistrySettings, RowId, Wire, topic_of

_PATIENCE_SECONDS: Final = 30.0


class Feeder:
    """A topic of one partition, made here, that takes any bytes."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._name = kafka.physical(topic)
        client = {"bootstrap.servers": kafka.bootstrap_servers}
        admin = AdminClient({**client, "log_level": 0})
        made = admin.create_topics([NewTopic(self._name, 1, 1)])
        made[self._name].result(_PATIENCE_SECONDS)
        self._producer = Producer({**client, "log_level": 0})

    def put(self, *values: bytes) -> None:
        """Put records on the topic: their offsets are those of a list."""
        for value in values:
            self._producer.produce(self._name, value)
        self._producer.flush(_PATIENCE_SECONDS)


class FedLake:
    """A caption topic, and a table that some of its records become rows of."""

    def __init__(self, bootstrap_servers: str, prefix: str, small: SmallLake) -> None:
        self.settings = KafkaSettings(bootstrap_servers=bootstrap_servers, topic_prefix=prefix)
        self.small = small
        self.topic = self.settings.physical(topic_of(CaptionAnnotated))
        admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
        made = admin.create_topics([NewTopic(self.topic, LANES, 1)])
        made[self.topic].result(_PATIENCE_SECONDS)
        self._producer = Producer(
            {"bootstrap.servers": bootstrap_servers, "transactional.id": f"{prefix}feeder"}
        )
        self._producer.init_transactions(_PATIENCE_SECONDS)
        self._wire = Wire(CaptionAnnotated, Registry(RegistrySettings()))
        small.app = Topic(self.settings, topic_of(CaptionAnnotated)).identity()

    def feed(self, *numbers: int) -> list[CaptionRow]:
        """Put captions on the topic in one transaction; return their rows, at their offsets."""
        rows: list[CaptionRow] = []
        self._producer.begin_transaction()
        for number in numbers:
            record, _ = a_record(CaptionAnnotated)
            row_id = RowId(digest("row", number))
            caption = msgspec.structs.replace(record.caption, row_id=row_id)
            value = self._wire.encode(msgspec.structs.replace(record, caption=caption))
            self._produce(value, number, rows)
        self._producer.commit_transaction(_PATIENCE_SECONDS)
        return rows

    def feed_rubbish(self) -> None:
        """Put a record on the topic that nobody can decode."""
        self._producer.begin_transaction()
        self._produce(b"rubbish", 0, [])
        self._producer.commit_transaction(_PATIENCE_SECONDS)

    def sink(self, rows: Sequence[CaptionRow]) -> int:
        """Append rows as the sink does; return how many were new."""
        return self.small.append(CAPTIONS, rows)

    def _produce(self, value: bytes, number: int, rows: list[CaptionRow]) -> None:
        lane = number % LANES

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is None:
                row = a_caption(number)
                at = msgspec.structs.replace(
                    row.lineage, partition=lane, offset=message.offset() or 0
                )
                rows.append(msgspec.structs.replace(row, lineage=at))

        self._producer.produce(self.topic, value, b"key", partition=lane, on_delivery=delivered)
