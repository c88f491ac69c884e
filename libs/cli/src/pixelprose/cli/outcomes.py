"""How submissions ended, with the records themselves, as an independent reader sees it."""

from dataclasses import dataclass, field

from confluent_kafka import Message as KafkaMessage

from pixelprose.cli.ends import End, Ends, TopicReader
from pixelprose.cli.redrive.failure import of_dead_letter
from pixelprose.kafkalog import KafkaSettings, cluster_id
from pixelprose.kafkalog.message import to_message
from pixelprose.records import (
    DUPLICATE_ROW,
    CaptionAnnotated,
    ImageRejected,
    Registry,
    RegistrySettings,
    Wire,
    topic_list,
    topic_of,
)
from pixelprose.streamkit import TopicPartition

_CAPTIONS = topic_of(CaptionAnnotated)
_REJECTIONS = topic_of(ImageRejected)


@dataclass(slots=True)
class Outcomes:
    """Ends of submissions, and the records that say so."""

    ends: Ends = field(default_factory=Ends)
    captions: list[CaptionAnnotated] = field(default_factory=list)
    rejections: list[ImageRejected] = field(default_factory=list)


class OutcomeReader:
    """Follows the public caption topic, the rejections and every dead-letter topic."""

    def __init__(self, kafka: KafkaSettings, registry: RegistrySettings) -> None:
        self.outcomes = Outcomes()
        known = Registry(registry)
        self._captions = Wire(CaptionAnnotated, known)
        self._rejections = Wire(ImageRejected, known)
        self._prefix = len(kafka.topic_prefix)
        self._cluster = cluster_id(kafka)
        logical = (_CAPTIONS, _REJECTIONS, *topic_list().dead_letter_topics())
        self._reader = TopicReader(kafka.client(), map(kafka.physical, logical))

    def read(self, *, seconds: float) -> None:
        """Take in what is there; wait at most `seconds` for the first of it."""
        for message in self._reader.read(seconds=seconds):
            self._take(message)

    def close(self) -> None:
        """Release the client."""
        self._reader.close()

    def _take(self, message: KafkaMessage) -> None:
        topic = (message.topic() or "")[self._prefix :]
        read = to_message(message, TopicPartition(topic, message.partition() or 0))
        ends = self.outcomes.ends
        if topic == _CAPTIONS:
            caption = self._captions.decode(read.value)
            self.outcomes.captions.append(caption)
            made = caption.submission
            ends.add((made.submission_id, made.attempt), End("captioned", caption.caption.policy))
        elif topic == _REJECTIONS:
            rejection = self._rejections.decode(read.value)
            self.outcomes.rejections.append(rejection)
            made = rejection.submission
            if (rejection.reason, rejection.duplicate_of) == (DUPLICATE_ROW, made.submission_id):
                return  # captioned: an earlier attempt's row says the same
            ends.add((made.submission_id, made.attempt), End("rejected", rejection.reason))
        else:
            failure = of_dead_letter(read, cluster=self._cluster)
            name = failure.submission_id or str(failure.place)
            ends.add((name, failure.attempt), End("dead_letter", failure.reason))
