"""Records of the caption topic as rows of the table that they become."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from confluent_kafka import Message as KafkaMessage

from pixelprose.cli.captions.starting import TOPIC
from pixelprose.kafkalog.message import to_message
from pixelprose.lake import CaptionRow
from pixelprose.records import CaptionAnnotated, Wire
from pixelprose.sink.rows import caption_row
from pixelprose.streamkit import TopicPartition, Undecodable


@dataclass(frozen=True, slots=True)
class Reader:
    """Decodes; `unread` is told of what is no such record."""

    wire: Wire[CaptionAnnotated]
    unread: Callable[[str], None]

    def rows(self, messages: Sequence[KafkaMessage]) -> list[CaptionRow]:
        """Return the rows of all that can be read, in order."""
        return list(self._rows(messages))

    def _rows(self, messages: Sequence[KafkaMessage]) -> Iterator[CaptionRow]:
        for raw in messages:
            message = to_message(raw, TopicPartition(TOPIC, raw.partition() or 0))
            try:
                record = self.wire.decode(message.value)
                yield caption_row(record, message, self.wire.beyond(message.value, record))
            except Undecodable as error:
                self.unread(f"{TOPIC}:{message.at.partition}:{message.offset}: {error}")
