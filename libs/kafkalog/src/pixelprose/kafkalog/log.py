"""The log on Kafka: one consumer, one transactional producer."""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Event

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka import TopicPartition as KafkaPartition

from pixelprose.kafkalog.errors import Action, action_for, error_of, stop_for
from pixelprose.kafkalog.hearing import AnotherConsumer, Hearing, listen
from pixelprose.kafkalog.message import to_message
from pixelprose.kafkalog.observer import Lane
from pixelprose.kafkalog.probe import await_metadata
from pixelprose.kafkalog.settings import (
    KafkaSettings,
    consumer_configuration,
    producer_configuration,
)
from pixelprose.kafkalog.stable_offsets import StableOffsetWatch
from pixelprose.kafkalog.transactions import Transactions
from pixelprose.kafkalog.unread import UnreadWatch
from pixelprose.streamkit import Committed, Log, Membership, Message, Outgoing, TopicPartition
from pixelprose.streamkit.errors import OutputTooLarge, Stop
from pixelprose.streamkit.exit_codes import ExitCode

_CLIENT_LOG = logging.getLogger("kafka")

COMMITTED_SECONDS = 10.0
"""How long one question for committed positions may take."""

UNKNOWN_SECONDS = 30.0
"""How long committed positions may be unknown before the client is given up."""

RECORD_OVERHEAD_BYTES = 100
"""Room for what Kafka itself writes beside key, value and headers."""


class KafkaLog(Log[Outgoing]):
    """Reads one topic, or several as one group, and appends to any, exactly once.

    Topics are named without the prefix of the settings, here and in every message; the prefix is
    put on and taken off in this class. Nothing is connected before `probe` or `subscribe`.
    """

    def __init__(  # noqa: PLR0913 - four parts of an identity, and two that watch
        self,
        settings: KafkaSettings,
        *,
        topics: Sequence[str],
        service: str,
        instance: str,
        slot: int,
        watch: StableOffsetWatch | None = None,
        unread: UnreadWatch | None = None,
    ) -> None:
        self._settings = settings
        self._topics = {settings.physical(topic): topic for topic in topics}
        self._watch = watch
        self._unread = unread
        self._hearing = Hearing(AnotherConsumer(settings, group=settings.group(service, instance)))
        self._closed = Event()
        self._unknown_since: float | None = None
        group = settings.group(service, instance)
        self._consumer_configuration = consumer_configuration(settings, group=group)
        self._producer_configuration = producer_configuration(
            settings, transactional_id=f"{group}.{slot}"
        )
        self._consumer: Consumer | None = None
        self._transactions: Transactions | None = None
        self._known: dict[tuple[str, int], TopicPartition] = {}

    def probe(self) -> None:
        """Return when the broker answers and the topics are there.

        Raises:
            Unavailable: no broker answers within the start deadline.
            Stop: a topic is not there.
        """
        for physical in self._topics:
            found = await_metadata(self._settings, topic=physical).topics[physical]
            if found.error is not None:
                raise stop_for(found.error, where=f"topic {physical}")

    def subscribe(self, membership: Membership) -> None:
        """Take over the transactional id and join the group."""
        try:
            producer = Producer(self._producer_configuration, logger=_CLIENT_LOG)
            self._consumer = Consumer(self._consumer_configuration, logger=_CLIENT_LOG)
        except KafkaException as error:
            raise Stop(ExitCode.BAD_CONFIGURATION, f"kafka settings: {error}") from error
        self._transactions = Transactions(
            producer,
            physical=self._settings.physical,
            deadline_seconds=self._settings.commit_deadline_seconds,
        )
        self._transactions.open()
        self._consumer.subscribe(
            list(self._topics),
            on_assign=self._told(membership.assigned, self._assigned),
            on_revoke=self._told(membership.revoked, self._gone),
            on_lost=self._told(membership.lost, self._gone),
        )
        listen(self._hearing, self._closed, name="hearing")
        if self._unread is not None:
            listen(self._unread, self._closed, name="unread")
        if self._watch is not None:
            self._watch.start()

    def poll(self, timeout_seconds: float) -> Message | None:
        """Return the next message; errors that pass by themselves are left to the client."""
        if self._hearing.deaf:
            detail = f"the client delivers nothing any more, though {self._hearing.deaf}"
            raise Stop(ExitCode.CLIENT_BROKEN, detail)
        raw = self._joined.poll(timeout_seconds)
        if raw is None:
            self._hearing.nothing()
            return None
        if (error := raw.error()) is not None:
            self._stop_if_needed(error, where=f"poll of {raw.topic()} {raw.partition()}")
            return None
        message = to_message(raw, self._at(raw.topic(), raw.partition()))
        self._hearing.heard((raw.topic() or "", message.at.partition), message.offset)
        return message

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        """Return nothing more from these until `resume`."""
        self._joined.pause(self._physical(partitions))
        self._hearing.paused(self._lanes(partitions))

    def resume(self, partitions: Collection[TopicPartition]) -> None:
        """Take up again where `pause` stopped."""
        self._joined.resume(self._physical(partitions))
        self._hearing.resumed(self._lanes(partitions))

    def idle_positions(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Positions past everything delivered; a partition that never delivered has none."""
        if not partitions:
            return {}
        found = self._joined.position(self._physical(partitions))
        return {self._at(p.topic, p.partition): p.offset for p in found if p.offset >= 0}

    def committed(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, Committed]:
        """The group's positions with the metadata of their commits.

        Raises:
            Stop: none could be had for a while: after a broker's restart a client may never again
                find its coordinator, and a new one does.
        """
        try:
            found = self._joined.committed(self._physical(partitions), timeout=COMMITTED_SECONDS)
        except KafkaException as exception:
            # Its flags say nothing here: a time-out is not called retriable.
            self._stop_if_needed(error_of(exception), where="committed positions")
            self._unknown(str(exception))
            return {}
        if errors := [str(p.error) for p in found if p.error is not None]:
            self._unknown(errors[0])
        else:
            self._unknown_since = None
        return {
            self._at(p.topic, p.partition): Committed(p.offset, p.metadata or "")
            for p in found
            if p.error is None and p.offset >= 0
        }

    def commit(
        self,
        outputs: Sequence[Outgoing],
        letters: Sequence[Outgoing],
        positions: Mapping[TopicPartition, Committed],
    ) -> bool:
        """Append everything and move the group in one transaction."""
        limit = self._settings.max_message_bytes - RECORD_OVERHEAD_BYTES
        if too_large := frozenset(i for i, out in enumerate(outputs) if _size(out) > limit):
            raise OutputTooLarge(too_large)
        if self._transactions is None:
            raise RuntimeError("commit before subscribe")
        offsets = [
            KafkaPartition(
                self._settings.physical(at.topic), at.partition, to.offset, metadata=to.note
            )
            for at, to in positions.items()
        ]
        group = self._joined.consumer_group_metadata
        try:
            return self._transactions.commit((*outputs, *letters), offsets, group)
        except OutputTooLarge as error:
            if max(error.outputs) >= len(outputs):
                detail = (
                    "a dead letter, or a record put off, is over its topic's limit; "
                    "run `pixelprose topics init`"
                )
                raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
            raise

    def _unknown(self, error: str) -> None:
        now = time.monotonic()
        self._unknown_since = self._unknown_since or now
        if now - self._unknown_since >= UNKNOWN_SECONDS:
            detail = f"committed positions: {error} for {UNKNOWN_SECONDS:g} s"
            raise Stop(ExitCode.CLIENT_BROKEN, detail)

    def close(self) -> None:
        """Leave the group; the producer has nothing open that must not be aborted."""
        self._closed.set()
        if self._watch is not None:
            self._watch.stop()
        if self._consumer is not None:
            self._consumer.close()

    @property
    def _joined(self) -> Consumer:
        if self._consumer is None:
            raise RuntimeError("not subscribed")
        return self._consumer

    def _told(
        self,
        tell: Callable[[Collection[TopicPartition]], None],
        also: Callable[[Collection[Lane]], None],
    ) -> Callable[[Consumer, list[KafkaPartition]], None]:
        def told(_: Consumer, partitions: list[KafkaPartition]) -> None:
            tell([self._at(p.topic, p.partition) for p in partitions])
            also([(p.topic, p.partition) for p in partitions])

        return told

    def _assigned(self, lanes: Collection[Lane]) -> None:
        self._hearing.assigned(lanes)
        if self._unread is not None:
            self._unread.assigned(lanes)

    def _gone(self, lanes: Collection[Lane]) -> None:
        self._hearing.gone(lanes)
        if self._unread is not None:
            self._unread.gone(lanes)

    def _stop_if_needed(self, error: KafkaError, *, where: str) -> None:
        if error.fatal() or action_for(error) in {
            Action.FENCED,
            Action.POSITION_LOST,
            Action.MISCONFIGURED,
        }:
            raise stop_for(error, where=where)
        if error.code() == KafkaError._FATAL:  # noqa: SLF001 - its fatal() says False
            raise stop_for(error, where="poll")

    def _at(self, physical: str | None, partition: int | None) -> TopicPartition:
        if physical is None or partition is None:
            raise Stop(ExitCode.CLIENT_BROKEN, "the client delivered a message without a position")
        known = self._known.get((physical, partition))
        if known is None:
            known = TopicPartition(self._topics[physical], partition)
            self._known[physical, partition] = known
        return known

    def _lanes(self, partitions: Collection[TopicPartition]) -> list[Lane]:
        return [(self._settings.physical(at.topic), at.partition) for at in partitions]

    def _physical(self, partitions: Collection[TopicPartition]) -> list[KafkaPartition]:
        physical = self._settings.physical
        return [KafkaPartition(physical(at.topic), at.partition) for at in partitions]


def _size(out: Outgoing) -> int:
    headers = sum(len(name) + len(value) for name, value in out.headers)
    return len(out.value) + len(out.key or b"") + headers
