"""How far the readers of our outputs are behind, so that we can wait for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Thread

import structlog
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    OffsetSpec,
)

from pixelprose.kafkalog.settings import KafkaSettings

ASK_SECONDS = 2.0
"""From one look at the lag to the next."""

_TIMEOUT_SECONDS = 10.0


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


def lags_of(settings: KafkaSettings, readers: Sequence[Reader]) -> Mapping[Reader, int]:
    """Return how many records each reader is behind; a group without positions reads nothing yet.

    Raises:
        KafkaException: the broker does not answer.
    """
    admin = AdminClient({**settings.client(), "log_level": 0})
    positions = {reader: _positions(admin, reader) for reader in readers}
    latest: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {KafkaPartition(at.topic, at.partition): latest for p in positions.values() for at in p}
    answers = admin.list_offsets(asked, request_timeout=_TIMEOUT_SECONDS) if asked else {}
    ends = {(at.topic, at.partition): found.result().offset for at, found in answers.items()}
    return {
        reader: sum(max(0, ends[at.topic, at.partition] - at.offset) for at in found)
        for reader, found in positions.items()
    }


def _positions(admin: AdminClient, reader: Reader) -> Sequence[KafkaPartition]:
    asked = [ConsumerGroupTopicPartitions(reader.group)]
    answer = admin.list_consumer_group_offsets(asked, request_timeout=_TIMEOUT_SECONDS)
    try:
        found = answer[reader.group].result().topic_partitions or ()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return ()
        raise
    for at in found:
        if at.error is not None:
            raise KafkaException(at.error)
    return [at for at in found if at.topic == reader.topic and at.offset >= 0]
