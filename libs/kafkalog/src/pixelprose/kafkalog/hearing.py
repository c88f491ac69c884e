"""Notices a consumer that has gone deaf: it polls, gets nothing, and there are records.

After a broker's restart librdkafka's consumer may stay silent until it is made anew (librdkafka
#5153; of one cause we know: docs/adr/0015). Nothing is lost then, but nothing moves either.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Protocol

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from pixelprose.kafkalog.observer import Lane, Observer
from pixelprose.kafkalog.settings import KafkaSettings

LOOK_SECONDS = 10.0
"""From one look to the next."""

LOOKS = 3
"""Looks in a row in which a partition gave nothing, before somebody else is asked about it."""

_LISTEN_SECONDS = 5.0


class Elsewhere(Protocol):
    """What another consumer sees of the partitions. Raises KafkaException: nobody answers."""

    def ends(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        """Where readers of committed records come to their end."""

    def positions(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        """The group's committed positions."""

    def gets(self, lane: Lane, offset: int) -> bool:
        """Whether a record can be read from `offset` on."""

    def close(self) -> None:
        """Look no more."""


@dataclass(slots=True)
class _Listened:
    position: int = -1
    silent_looks: int = 0


class Hearing:
    """Compares what the consumer was given with what another would get.

    A partition is suspected when it was listened to, gave nothing for `LOOKS` looks and has an end
    beyond our position; markers and aborted records look like that, too, so another consumer tries
    to read there before the word `deaf` is said.
    """

    def __init__(self, elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        self._lock = Lock()
        self._lanes: dict[Lane, _Listened] = {}
        self._paused: set[Lane] = set()
        self._polled_in_vain = False
        self.deaf = ""
        """What it does not hear, once that is sure."""

    def assigned(self, lanes: Collection[Lane]) -> None:
        """These are listened to from now on."""
        with self._lock:
            self._lanes.update((lane, _Listened()) for lane in lanes)

    def gone(self, lanes: Collection[Lane]) -> None:
        """These are not ours any more."""
        with self._lock:
            for lane in lanes:
                self._lanes.pop(lane, None)
                self._paused.discard(lane)

    def paused(self, lanes: Collection[Lane]) -> None:
        """These give nothing, because we asked for it."""
        with self._lock:
            self._paused.update(lanes)

    def resumed(self, lanes: Collection[Lane]) -> None:
        """These give again; their silence counts from now on."""
        with self._lock:
            self._paused.difference_update(lanes)
            for lane in lanes:
                if lane in self._lanes:
                    self._lanes[lane].silent_looks = 0

    def heard(self, lane: Lane, offset: int) -> None:
        """A record came."""
        listened = self._lanes.get(lane)
        if listened is not None:
            listened.position = offset + 1
            listened.silent_looks = 0

    def nothing(self) -> None:
        """A poll gave nothing."""
        self._polled_in_vain = True

    def look(self) -> None:
        """Count silence, and ask elsewhere about what was silent for too long.

        Raises:
            KafkaException: the broker does not answer.
        """
        in_vain, self._polled_in_vain = self._polled_in_vain, False
        with self._lock:
            listening = {a: b for a, b in self._lanes.items() if a not in self._paused}
        if not in_vain or not listening:
            return  # a loop that is busy with a commit hears nothing, and rightly
        ends = self._elsewhere.ends(listening)
        unheard = [lane for lane, one in listening.items() if one.position < 0]
        begun = self._elsewhere.positions(unheard)
        for lane, one in listening.items():
            position = one.position if one.position >= 0 else begun.get(lane, ends.get(lane, 0))
            if position >= ends.get(lane, 0):
                one.silent_looks = 0
                continue
            one.silent_looks += 1
            if one.silent_looks >= LOOKS and self._misses(lane, one, position):
                self.deaf = f"{lane[0]} {lane[1]} has records from {position} on"

    def close(self) -> None:
        """Look no more."""
        self._elsewhere.close()

    def _misses(self, lane: Lane, one: _Listened, position: int) -> bool:
        if not self._elsewhere.gets(lane, position):
            one.silent_looks = 0
            return False
        return one.silent_looks >= LOOKS  # unless it came in the meantime


class AnotherConsumer(Elsewhere):
    """Looks as a reader of committed records that belongs to nobody."""

    def __init__(self, settings: KafkaSettings, *, group: str) -> None:
        self._settings = settings
        self._observer = Observer(settings.client(), group=group, isolation="read_committed")

    def ends(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        """Where readers of committed records come to their end."""
        return self._observer.ends(lanes)

    def positions(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        """The group's committed positions."""
        return self._observer.positions(lanes)

    def close(self) -> None:
        """Release the client."""
        self._observer.close()

    def gets(self, lane: Lane, offset: int) -> bool:
        """Whether a record can be read from `offset` on."""
        consumer = Consumer(
            {
                **self._settings.client(),
                "group.id": "pixelprose-hearing",  # required by the client; never joined
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "log_level": 0,
            }
        )
        try:
            consumer.assign([KafkaPartition(*lane, offset)])
            message = consumer.poll(_LISTEN_SECONDS)
            return message is not None and message.error() is None
        finally:
            consumer.close()


class Looking(Protocol):
    """What looks at the broker now and then. `look` raises KafkaException: nobody answers."""

    def look(self) -> None:
        """Look once."""

    def close(self) -> None:
        """Look no more."""


def listen(looking: Looking, closed: Event, *, name: str) -> None:
    """Look now and then in a thread of its own, until closed."""

    def run() -> None:
        while not closed.wait(LOOK_SECONDS):
            try:
                looking.look()
            except KafkaException:
                continue  # a broker that is away is the runner's to notice
        looking.close()

    Thread(target=run, name=name, daemon=True).start()
