"""Reads how submissions ended, with the captions themselves."""

from dataclasses import dataclass, field

from confluent_kafka import Message as KafkaMessage

from pixelprose.cli.ends import End, Ends, TopicReader, Try
from pixelprose.records import CaptionAnnotated, Deserializer, ImageRejected, topics

_DEAD_SUFFIX = ".dlq"


@dataclass(slots=True)
class Outcomes:
    """Ends of submissions, and the captions that were made."""

    ends: Ends = field(default_factory=Ends)
    captions: list[CaptionAnnotated] = field(default_factory=list)
    rejections: list[ImageRejected] = field(default_factory=list)


class OutcomeReader:
    """Follows the public caption topic, the rejections and every dead-letter topic."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.outcomes = Outcomes()
        self._deserializer = Deserializer()
        ...
