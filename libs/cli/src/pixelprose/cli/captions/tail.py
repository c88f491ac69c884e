"""A topic from given offsets on, committed records alone, through outages of the broker."""

import time
from collections.abc import Callable, Iterator, Mapping
from threading import Event
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import Message as KafkaMessage
from confluent_kafka import TopicPartition as KafkaPartition

from pixelprose.cli.errors import CommandError
from pixelprose.kafkalog import Configuration, KafkaSettings
from pixelprose.kafkalog.errors import Action, action_for
from pixelprose.kafkalog.observer import Lane
from pixelprose.kafkalog.settings import consumer_configuration

_BATCH: Final = 500
_ASK_SECONDS: Final = 0.25
_LOOK_SECONDS: Final = 1.0
_SILENCE_SECONDS: Final = 10.0
"""After it the broker is asked whether there is more; a consumer may go deaf (librdkafka #5153)."""


class Tail:
    """Reads partitions from `starts`; with `ends`, up to and without those offsets.

    `group` names whose positions `remember` commits; without one none are kept, and nobody joins
    a group either way. `say` is told when the broker goes away and when it is back.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        starts: Mapping[Lane, int],
        *,
        ends: Mapping[Lane, int] | None,
        group: str | None,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kafka = kafka
        self._at = dict(starts)
        self._ends = ends
        self._group = group
        self._say = say
        self._clock = clock
        self._heard = clock()
        self._away = False
        self._consumer = self._opened()

    def batches(self, asked: Event) -> Iterator[list[KafkaMessage]]:
        """Yield what comes, until the ends are reached or somebody asks to stop.

        Raises:
            CommandError: records were deleted before they were read.
            KafkaException: the broker refuses.
        """
        while not asked.is_set() and not self._done():
            found = [one for one in self._polled() if self._take(one)]
            if found:
                yield found
            elif self._clock() - self._heard > (_LOOK_SECONDS if self._away else _SILENCE_SECONDS):
                self._look()

    def remember(self) -> None:
        """Commit how far it came, where a group was named.

        Raises:
            KafkaException: the broker refuses; while it is away, a later call says more.
        """
        if self._group is None or self._away:
            return
        offsets = [KafkaPartition(*lane, offset) for lane, offset in self._at.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            if action_for(error.args[0]) is not Action.REPEAT:
                raise

    def close(self) -> None:
        """Release the client."""
        self._consumer.close()

    def _done(self) -> bool:
        if self._ends is None:
            return False
        return all(self._at[lane] >= end for lane, end in self._ends.items())

    def _polled(self) -> list[KafkaMessage]:
        found = self._consumer.consume(_BATCH, _ASK_SECONDS)
        if found:
            self._heard = self._clock()
        return found

    def _take(self, message: KafkaMessage) -> bool:
        """Note how far this is; return whether it is a record that was asked for."""
        lane, offset = (message.topic() or "", message.partition() or 0), message.offset() or 0
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's public name for it
            self._judge(error, lane)
            return False
        self._at[lane] = max(self._at[lane], offset + (error is None))
        within = self._ends is None or offset < self._ends[lane]
        return error is None and within

    def _judge(self, error: KafkaError, lane: Lane) -> None:
        match action_for(error):
            case Action.REPEAT:
                return
            case Action.POSITION_LOST:
                raise CommandError(_deleted(lane, self._at[lane]))
            case _:
                raise KafkaException(error)

    def _unheard(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN and not self._away:  # noqa: SLF001 - as above
            self._away = True
            self._say(f"No broker answers at {self._kafka.bootstrap_servers}; waiting for it.")

    def _look(self) -> None:
        """Ask whether the broker is there, and has more; if so, begin anew where we are."""
        self._heard = self._clock()
        try:
            more = [lane for lane in self._at if self._end(lane) > self._at[lane]]
        except KafkaException:
            return
        if self._away:
            self._say("The broker is back; going on.")
        if self._away or more:
            self._away = False
            self._consumer.close()
            self._consumer = self._opened()

    def _end(self, lane: Lane) -> int:
        asked = KafkaPartition(*lane)
        return self._consumer.get_watermark_offsets(asked, timeout=_LOOK_SECONDS, cached=False)[1]

    def _opened(self) -> Consumer:
        found = tail_configuration(self._kafka, group=self._group)
        consumer = Consumer({**found, "error_cb": self._unheard})
        consumer.assign([KafkaPartition(*lane, offset) for lane, offset in self._at.items()])
        return consumer


def tail_configuration(kafka: KafkaSettings, *, group: str | None) -> Configuration:
    """Return a service's configuration of a consumer, for one that is told what to read."""
    return {
        # The client wants a name; nobody joins it, and nothing is committed unless asked.
        **consumer_configuration(kafka, group=group or "pixelprose-captions"),
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "log_level": 0,
    }


def _deleted(lane: Lane, offset: int) -> str:
    topic, partition = lane
    return (
        f"{topic} {partition}: the records from offset {offset} on are gone: their retention ended "
        "before they were read; `--from-table` starts with the table, which keeps them"
    )
