"""Finds the records of a submission: by key where there is one, by its ids elsewhere."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pixelprose.cli.client_settings import ClientSettings
from pixelprose.cli.group_positions import positions
from pixelprose.cli.redrive.failure import of_dead_letter
from pixelprose.cli.redrive.reading import Span, Spans, read
from pixelprose.cli.trace import event as events
from pixelprose.cli.trace.clue import Known, named
from pixelprose.cli.trace.event import Event, place_of
from pixelprose.cli.trace.lanes import LEDGER, SUBMITTED, Lanes, keyed_topics, other_topics, size
from pixelprose.cli.trace.telling import of_record
from pixelprose.kafkalog import cluster_id
from pixelprose.records import (
    RecordCodec,
    Redrive,
    Registry,
    Submitted,
    Wire,
    codec_for,
    topic_list,
)
from pixelprose.records.counted import counted
from pixelprose.records.headers import Header
from pixelprose.records.headers import read as known_headers
from pixelprose.records.records import ImageSubmitted
from pixelprose.records.submitted import submitted
from pixelprose.streamkit import Message, Retries, Undecodable

_ROUNDS: Final = 3
"""The clue names submissions, they name images, and these name partitions; then nothing is new."""

Advance = Callable[[int], None]
Reading = Callable[[str, int], Advance]
"""Told what is read next and how many offsets that is; returns what to tell about each record."""


@dataclass(slots=True)
class Records:
    """Events by place, and what was looked at."""

    events: dict[str, Event] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)


class Search:
    """Looks for one clue in all topics.

    Raises:
        CommandError, KafkaException, StreamError: they can't be read.
    """

    def __init__(
        self, settings: ClientSettings, known: Known, *, since: datetime | None, reading: Reading
    ) -> None:
        self._kafka = settings.kafka
        self._known = known
        self._reading = reading
        self._cluster = cluster_id(settings.kafka)
        registry = Registry(settings.registry)
        self._codec: RecordCodec = codec_for(
            settings, service="records", step="trace", cluster=self._cluster
        )
        self._submitted = Wire(ImageSubmitted, registry)
        self._redrives = Wire(Redrive, registry)
        listed = topic_list()
        consumers = listed.retries.consumers
        self._retries = Retries([tier for one in consumers for tier in listed.retry_tiers(one)])
        self._ingester = settings.kafka.group("ingester", settings.instance)
        self._lanes = Lanes(settings.kafka, since=since)
        self.found = Records()
        self._places: set[tuple[str, int, int]] = set()
        self._visited: set[tuple[str, int, int]] = set()
        self._flowed: object = None
        self._othered: object = None

    def run(self, places: set[tuple[str, int, int]]) -> Records:
        """Return everything; `places` are where submissions lie, as receipts and rows say."""
        self._places |= places
        for _ in range(_ROUNDS):
            if not any([self._flow(), self._others()]):
                break
        self._read("submissions that wait for the ingester", self._waiting_spans())
        if not any(one.kind == "submitted" for one in self.found.events.values()):
            self._read(SUBMITTED, self._lanes.of_topics({SUBMITTED}))
        return self.found

    def blocked(self) -> bool:
        """Return whether the records of the flow say that it is blocked; looks at no others."""
        self._flow()
        return any(one.blocked for one in self.found.events.values())

    def _names(self) -> tuple[frozenset[str], frozenset[str]]:
        return frozenset(self._known.submissions), frozenset(self._known.images)

    def _flow(self) -> bool:
        """Read the flow, unless it was read with all names that are known now."""
        # Every record of the flow names its image, so a URL's need no second look.
        names = self._names() if self._known.clue.url is None else (frozenset(), frozenset())
        if self._flowed == names:
            return False
        self._flowed = names
        spans = self._lanes.of_images(self._known.images)
        where = "the image's partitions" if self._known.images else "all partitions"
        self._read(f"{len(keyed_topics())} topics of the flow, {where}", spans)
        return True

    def _others(self) -> bool:
        """Read what has no such key, unless it was read with all names that are known now."""
        if self._othered == self._names():
            return False
        self._othered = self._names()
        self._read("dead letters, retries and redrives", self._lanes.of_topics(other_topics()))
        new = {place for place in self._places if place[0] == SUBMITTED} - self._visited
        self._visited |= new
        for spans in self._lanes.exact(new):
            self._read("where receipts and lineage point to", spans)
        return True

    def _waiting_spans(self) -> Spans:
        """What nobody has begun yet; the rest of this topic is known by where it led."""
        spans = self._lanes.of_topics({SUBMITTED})
        physical = {(self._kafka.physical(at.topic), at.partition): at for at in spans}
        read_to = {at: span.first for at, span in spans.items()}
        for lane, offset in positions(self._kafka, physical, self._ingester).items():
            read_to[physical[lane]] = max(offset, read_to[physical[lane]])
        return {at: Span(read_to[at], span.end) for at, span in spans.items()}

    def _read(self, what: str, spans: Spans) -> None:
        count = size(spans)
        said = f"{what}: {counted(count, 'offset')}"
        if said not in self.found.looked:
            self.found.looked.append(said)
        if not count:
            return
        advance = self._reading(what, count)
        needles = self._known.needles()
        for message in read(self._kafka, spans):
            advance(1)
            if place_of(message) not in self.found.events:
                for one in self._event(message, needles):
                    self.found.events[one.place] = one

    def _event(self, message: Message, needles: frozenset[bytes]) -> Iterator[Event]:
        topic = message.at.topic
        try:
            if topic == SUBMITTED:
                yield from self._submission(message)
            elif topic in self._retries.topics:
                yield from self._waiting(message)
            elif topic.endswith(".dlq"):
                yield from self._dead_letter(message)
            elif _mentions(message, needles):
                yield from self._decision(message) if topic == LEDGER else self._record(message)
        except Undecodable:
            return  # a dead letter tells of it

    def _submission(self, message: Message) -> Iterator[Event]:
        found = self._as_submitted(message)
        if found is not None:
            source = known_headers(message.headers).get(Header.SOURCE, "")
            yield events.of_submitted(found, message, source=source)

    def _waiting(self, message: Message) -> Iterator[Event]:
        found = self._as_submitted(self._retries.brought_back(message))
        if found is not None:
            reason = dict(message.headers).get("retry_reason", b"").decode(errors="replace")
            self._places.add((found.at.topic, found.at.partition, found.offset))
            yield events.of_waiting(found, message, reason=reason)

    def _as_submitted(self, message: Message) -> Submitted | None:
        """The submission, if it is one that is looked for."""
        known = self._known
        record = self._submitted.decode(message.value)
        found = submitted(record, message, cluster=self._cluster)
        meant = known.means(found.submission_id)
        if not meant and known.urls and any(_host(url) in record.url for url in known.urls):
            meant = named(record.url) in known.urls
            known.submissions |= {found.submission_id} if meant else set()
        return found if meant else None

    def _dead_letter(self, message: Message) -> Iterator[Event]:
        failure = of_dead_letter(message, cluster=self._cluster)
        original = failure.original
        image = known_headers(message.headers).get(Header.SUBJECT)
        meant = self._known.means(failure.submission_id, image)
        if not meant and original is not None and original.at.topic == SUBMITTED:
            meant = self._as_submitted(original) is not None
        if meant:
            if failure.submission_id is not None:
                self._known.submissions.add(failure.submission_id)
            if original is not None:
                self._places.add((original.at.topic, original.at.partition, original.offset))
            yield events.of_failure(failure)

    def _decision(self, message: Message) -> Iterator[Event]:
        entry = self._redrives.decode(message.value)
        if self._known.means(entry.submission_id):
            yield events.of_decision(entry, message)

    def _record(self, message: Message) -> Iterator[Event]:
        record: Any = self._codec.decode(message)
        who, known = record.submission, self._known
        image, caption = getattr(record, "image", None), getattr(record, "caption", None)
        sha256 = image.sha256 if image else getattr(record, "sha256", None)
        if known.means(who.submission_id, who.image_id, sha256, caption and caption.row_id):
            known.note(who)
            known.hashes |= {sha256} if sha256 else set()
            self._places |= {(hop.topic, hop.partition, hop.offset) for hop in record.lineage}
            yield of_record(record, message)


def _mentions(message: Message, needles: frozenset[bytes]) -> bool:
    """Whether a digest lies in the bytes; all that do not fit are never decoded."""
    texts = (message.value, message.key or b"", *(value for _, value in message.headers))
    return any(needle in text for needle in needles for text in texts)


def _host(url: str) -> str:
    return url.split("/", 3)[2] if url.count("/") > 2 else url  # noqa: PLR2004 - scheme://host/
