"""How far the readers of our outputs are behind, so that we can wait for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Thread

import structlog
from confluent_kafka import KafkaException

from pixelprose.kafkalog.observer import Observer
from pixelprose.kafkalog.settings import KafkaSettings

ASK_SECONDS = 2.0
"""From one look at the lag to the next."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A group and the topic of ours that it reads, as the broker names them."""

    group: str
    topic: str


class DownstreamLag:
    """Says whether any reader is `most` records behind, until all are at most half as far.

    It asks in a thread of its own, from the first question on; while the broker does not answer,
    its last word stands.
    """

    def __init__(self, ask: Callable[[], Mapping[Reader, int]], *, most: int) -> None:
        self._ask = ask
        self._most = most
        self._behind = False
        self._closed = Event()
        self._thread = Thread(target=self._run, name="downstream-lag", daemon=True)

    def __call__(self) -> bool:
        """Whether to wait now."""
        if self._thread.ident is None:
            self._thread.start()
        return self._behind

    def close(self) -> None:
        """Ask no more."""
        self._closed.set()

    def look(self) -> None:
        """Ask once."""
        events = structlog.get_logger("downstream")
        try:
            lags = self._ask()
        except KafkaException as error:
            events.warning("lag_unknown", error=str(error))
            return
        worst = max(lags, key=lambda reader: lags[reader], default=None)
        lag = lags[worst] if worst else 0
        behind = lag >= self._most or (self._behind and lag > self._most // 2)
        if behind != self._behind and worst is not None:
            events.info("waiting" if behind else "going on", group=worst.group, lag=lag)
        self._behind = behind

    def _run(self) -> None:
        while not self._closed.is_set():
            self.look()
            self._closed.wait(ASK_SECONDS)


class Lags:
    """Counts how many records readers are behind; a group without positions reads nothing yet."""

    def __init__(self, settings: KafkaSettings, readers: Sequence[Reader]) -> None:
        self._settings = settings
        self._readers = tuple(readers)
        self._observers: dict[Reader, Observer] = {}

    def __call__(self) -> Mapping[Reader, int]:
        """Return the lag of every reader.

        Raises:
            KafkaException: the broker does not answer.
        """
        return {reader: self._lag(reader) for reader in self._readers}

    def close(self) -> None:
        """Release the clients."""
        for observer in self._observers.values():
            observer.close()
        self._observers.clear()

    def _lag(self, reader: Reader) -> int:
        observer = self._observer(reader)
        positions = observer.positions(observer.partitions(reader.topic))
        ends = observer.ends(positions)
        return sum(max(0, ends[lane] - position) for lane, position in positions.items())

    def _observer(self, reader: Reader) -> Observer:
        if reader not in self._observers:
            self._observers[reader] = Observer(
                self._settings.client(), group=reader.group, isolation="read_uncommitted"
            )
        return self._observers[reader]
