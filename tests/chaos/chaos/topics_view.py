"""Committed records of all topics, as anybody with a consumer sees them."""

import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import fastavro
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from chaos.history import CaptionSeen, DeadLetterSeen, PassedSeen, PutOffSeen, RejectionSeen, Try
from chaos.pipeline import (
    ALL_TOPICS,
    ANNOTATED,
    CAPTIONS,
    FETCHED,
    REJECTED,
    RETRY_TOPICS,
    SCREENED,
    SUBMITTED,
)
from chaos.positions import Lane
from pixelprose.records.schemas import schema_text

_PREFIX_BYTES = 5
_SCHEMAS = {
    FETCHED: "ImageFetched",
    SCREENED: "ImageScreened",
    CAPTIONS: "CaptionAnnotated",
    REJECTED: "ImageRejected",
}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a record lies."""

    lane: Lane
    offset: int


@dataclass(slots=True)
class TopicsView:
    """Everything read so far. `submissions` maps the event ids that were sent to submission ids."""

    submissions: Mapping[str, str]
    inputs: dict[Lane, list[tuple[int, Try]]] = field(default_factory=lambda: defaultdict(list))
    deliveries: dict[tuple[str, Try], list[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    outputs: dict[str, dict[Try, Spot]] = field(default_factory=lambda: defaultdict(dict))
    rejected_at: dict[str, dict[Try, Spot]] = field(default_factory=lambda: defaultdict(dict))
    fetched: list[PassedSeen] = field(default_factory=list)
    screened: list[PassedSeen] = field(default_factory=list)
    annotated: list[Try] = field(default_factory=list)
    put_off: list[PutOffSeen] = field(default_factory=list)
    captions: list[CaptionSeen] = field(default_factory=list)
    rejections: list[RejectionSeen] = field(default_factory=list)
    dead_letters: list[DeadLetterSeen] = field(default_factory=list)

    def add(self, topic: str, message: Message) -> None:
        """Take note of one record."""
        headers = _headers(message)
        who = self._who(topic, headers)
        spot = Spot((topic, message.partition() or 0), message.offset() or 0)
        self.inputs[spot.lane].append((spot.offset, who))
        self.deliveries[topic, who].append((spot.lane[1], spot.offset))
        self.outputs[topic].setdefault(who, spot)
        if topic.endswith(".dlq"):
            reason, error = headers.get("dlq_reason", ""), headers.get("dlq_error_text", "")
            self.dead_letters.append(DeadLetterSeen(who, topic, reason, error))
        elif topic in RETRY_TOPICS:
            self.put_off.append(PutOffSeen(who, int(headers["retry_count"])))
        elif topic == ANNOTATED:
            self.annotated.append(who)
        elif topic in _SCHEMAS:
            self._note(spot, who, _decoded(topic, message.value() or b""))

    def _note(self, spot: Spot, who: Try, record: Mapping[str, Any]) -> None:
        match spot.lane[0]:
            case "pixelprose.captions.annotated.v1":
                self.captions.append(caption_seen(who, record))
            case "pixelprose.images.rejected.v1":
                self.rejected_at[record["stage"]].setdefault(who, spot)
                self.rejections.append(rejection_seen(who, record))
            case "pixelprose.images.fetched.v1":
                self.fetched.append(PassedSeen(who, record["image"]["sha256"]))
            case "pixelprose.images.screened.v1":
                self.screened.append(PassedSeen(who, record["image"]["sha256"]))

    def _who(self, topic: str, headers: Mapping[str, str]) -> Try:
        if topic.startswith(SUBMITTED):
            return self.submissions.get(headers.get("ce_id", ""), "unknown"), 0
        return headers.get("ce_submissionid", "unknown"), int(headers.get("ce_attempt", "0"))


def caption_seen(who: Try, record: Mapping[str, Any]) -> CaptionSeen:
    """From a record, or from a row, which calls what was submitted `source`."""
    caption = record["caption"]
    submitted = record.get("submission") or record["source"]
    return CaptionSeen(
        who=who,
        row_id=record.get("row_id") or caption["row_id"],
        sha256=record["image"]["sha256"],
        policy=caption["policy"],
        text=caption["text"],
        url=submitted["url"],
    )


def rejection_seen(who: Try, record: Mapping[str, Any]) -> RejectionSeen:
    """From a record or a row."""
    return RejectionSeen(who, record["stage"], record["reason"], record["duplicate_of"])


class TopicsReader:
    """Reads all topics of one prefix from their beginning, read_committed, without a group."""

    def __init__(self, client: Mapping[str, Any], *, prefix: str, partitions: int) -> None:
        self._prefix = prefix
        self._settings = {
            **client,
            "group.id": f"{prefix}chaos-reader",  # required by the client; never committed
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 50,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
        }
        self._next = {
            (topic, partition): 0 for topic in ALL_TOPICS for partition in range(partitions)
        }
        self._consumer = self._assigned()

    def read(self, view: TopicsView, *, seconds: float) -> int:
        """Add what comes within `seconds` to the view; return how many records that was."""
        messages = self._consumer.consume(1000, seconds)
        good = 0
        for message in messages:
            error, offset = message.error(), message.offset() or 0
            topic = (message.topic() or "").removeprefix(self._prefix)
            if error is None:
                good += 1
                view.add(topic, message)
                self._next[topic, message.partition() or 0] = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                # Behind the last record lie markers, which nobody is shown.
                self._next[topic, message.partition() or 0] = offset
        return good

    def behind(self, ends: Mapping[Lane, int]) -> bool:
        """Whether something below `ends` is still to be read."""
        return any(self._next[lane] < end for lane, end in ends.items())

    def renew(self) -> None:
        """Go on with a new client: after a broker's restart one may stay silent for ever."""
        self._consumer.close()
        self._consumer = self._assigned()

    def close(self) -> None:
        """Release the client."""
        self._consumer.close()

    def _assigned(self) -> Consumer:
        consumer = Consumer(self._settings)
        consumer.assign(
            [
                TopicPartition(self._prefix + topic, partition, offset)
                for (topic, partition), offset in self._next.items()
            ]
        )
        return consumer


def _headers(message: Message) -> dict[str, str]:
    found: Iterable[tuple[str, Any]] = message.headers() or ()  # type: ignore[assignment]
    return {name: (value or b"").decode(errors="replace") for name, value in found}


def _decoded(topic: str, value: bytes) -> Mapping[str, Any]:
    body = io.BytesIO(value[_PREFIX_BYTES:])
    record: Mapping[str, Any] = fastavro.schemaless_reader(body, _schema(topic), None)  # type: ignore[assignment]
    return record


@cache
def _schema(topic: str) -> Any:  # noqa: ANN401 - fastavro's own
    return fastavro.parse_schema(json.loads(schema_text(_SCHEMAS[topic])))
