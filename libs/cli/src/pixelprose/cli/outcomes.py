"""How submissions ended, with the records themselves, as an independent reader sees it."""

from dataclasses import dataclass, field
from typing import cast

from confluent_kafka import Message as KafkaMessage

from pixelprose.cli.ends import End, Ends, TopicReader, Try
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import (
    CaptionAnnotated,
    Header,
    ImageRejected,
    Registry,
    RegistrySettings,
    Wire,
    submission_id,
    topic_list,
    topic_of,
)

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
        topic, value = (message.topic() or "")[self._prefix :], message.value() or b""
        ends = self.outcomes.ends
        if topic == _CAPTIONS:
            caption = self._captions.decode(_bytes(value))
            self.outcomes.captions.append(caption)
            made = caption.submission
            ends.add((made.submission_id, made.attempt), End("captioned", caption.caption.policy))
        elif topic == _REJECTIONS:
            rejection = self._rejections.decode(_bytes(value))
            self.outcomes.rejections.append(rejection)
            who = (rejection.submission.submission_id, rejection.submission.attempt)
            ends.add(who, End("rejected", rejection.reason))
        else:
            headers = _text_headers(message)
            ends.add(_who(headers), End("dead_letter", headers.get("dlq_reason", "unknown")))


def _who(headers: dict[str, str]) -> Try:
    attempt = int(headers.get(Header.ATTEMPT.value, "0"))
    known = headers.get(Header.SUBMISSION.value)
    source, event = headers.get(Header.SOURCE.value, ""), headers.get(Header.ID.value, "")
    return known or submission_id(ce_source=source, ce_id=event), attempt


def _text_headers(message: KafkaMessage) -> dict[str, str]:
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    return {name: (value or b"").decode(errors="replace") for name, value in headers}


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
