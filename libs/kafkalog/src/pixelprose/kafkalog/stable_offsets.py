"""Where readers of committed records must wait, and for how long already.

A partition's last stable offset stands below its end while a transaction is open there: a fraction
of a second, and never longer than the transaction's time-out. One that stands longer hangs: no
reader of committed records passes it until somebody ends it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Thread

from confluent_kafka import Consumer, IsolationLevel, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, though not listed
    AdminClient,
    OffsetSpec,
)

from pixelprose.kafkalog.settings import TRANSACTION_TIMEOUT_SECONDS, Configuration, KafkaSettings

LOOK_SECONDS = 10.0
"""How often a service looks at its own topic."""

STALLED_SECONDS = TRANSACTION_TIMEOUT_SECONDS + 15.0
"""An open transaction this old hangs: its time-out is over, and the coordinator had time to act."""

_ASK_SECONDS = 5.0

Lane = tuple[str, int]
"""Topic, by its name on the broker, and partition."""


@dataclass(frozen=True, slots=True)
class Behind:
    """A partition whose last stable offset is below its end."""

    lane: Lane
    stable: int
    end: int


class Standstill:
    """Measures, look by look, how long last stable offsets stand still below the end."""

    def __init__(self) -> None:
        self._stable: dict[Lane, tuple[int, float]] = {}

    def seconds(self, behind: Iterable[Behind], *, now: float) -> float:
        """Return the longest time that one has stood at the same offset, by the looks so far."""
        before, self._stable = self._stable, {}
        for one in behind:
            stable, since = before.get(one.lane, (one.stable, now))
            self._stable[one.lane] = (one.stable, since if stable == one.stable else now)
        return max((now - since for _, since in self._stable.values()), default=0.0)


def behind(admin: AdminClient, lanes: Collection[Lane]) -> list[Behind]:
    """Return those of `lanes` that hold records which are neither committed nor aborted.

    Raises:
        KafkaException: the broker does not answer.
    """
    # The end first: what is committed between the two questions must not look open.
    ends = _latest(admin, lanes, IsolationLevel.READ_UNCOMMITTED)
    stable = _latest(admin, lanes, IsolationLevel.READ_COMMITTED)
    return [Behind(at, stable[at], end) for at, end in ends.items() if stable[at] < end]


def ages(client: Configuration, found: Collection[Behind], *, now: float) -> Mapping[Behind, float]:
    """Return how long each has been so: the age of its first undecided record, in seconds.

    `now` is the time of day in seconds. One look is enough: the record at the last stable offset
    is the first of the oldest open transaction. A partition whose record can't be read is left out.
    """
    if not found:
        return {}
    consumer = Consumer(
        {
            **client,
            "group.id": "pixelprose-stable-offsets",  # required by the client; never joined
            "enable.auto.commit": False,
            "isolation.level": "read_uncommitted",
            "fetch.message.max.bytes": 1_000,
            "log_level": 0,
        }
    )
    by_lane = {one.lane: one for one in found}
    told: dict[Behind, float] = {}
    try:
        consumer.assign([KafkaPartition(*one.lane, one.stable) for one in found])
        while len(told) < len(by_lane) and (message := consumer.poll(_ASK_SECONDS)) is not None:
            topic, partition = message.topic(), message.partition()
            if message.error() is None and topic is not None and partition is not None:
                one = by_lane[topic, partition]
                told.setdefault(one, max(0.0, now - message.timestamp()[1] / 1000))
    finally:
        consumer.close()
    return told


def advice(one: Behind, *, servers: str) -> str:
    """Return the command that ends the transaction which `one` waits for."""
    topic, partition = one.lane
    return (
        f"end it: kafka-transactions.sh --bootstrap-server {servers} abort --topic {topic} "
        f"--partition {partition} --start-offset {one.stable} (on the embedded stack: "
        f"python -m pixelprose.embedded end-hanging {servers})"
    )


class StableOffsetWatch:
    """Tells, every few seconds, how long the partitions of some topics have stood still."""

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        topics: Sequence[str],
        tell: Callable[[float], object],
        clock: Callable[[], float],
    ) -> None:
        self._topics = frozenset(map(settings.physical, topics))
        self._client: Configuration = {**settings.client(), "log_level": 0}
        self._tell = tell
        self._clock = clock
        self._standstill = Standstill()
        self._stopped = Event()

    def start(self) -> None:
        """Watch in a thread of its own."""
        Thread(target=self._watch, name="stable-offsets", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def _watch(self) -> None:
        admin = AdminClient(self._client)
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                self.look(admin)
            except KafkaException:
                continue  # a broker that is away is the runner's to notice

    def look(self, admin: AdminClient) -> None:
        """Look once, and tell."""
        known = admin.list_topics(timeout=_ASK_SECONDS).topics
        lanes = [(name, n) for name in self._topics & set(known) for n in known[name].partitions]
        self._tell(self._standstill.seconds(behind(admin, lanes), now=self._clock()))


def _latest(
    admin: AdminClient, lanes: Collection[Lane], isolation: IsolationLevel
) -> dict[Lane, int]:
    if not lanes:
        return {}
    asked = {KafkaPartition(*lane): OffsetSpec.latest() for lane in lanes}  # type: ignore[no-untyped-call]
    futures = admin.list_offsets(asked, isolation_level=isolation, request_timeout=_ASK_SECONDS)
    return {(at.topic, at.partition): future.result().offset for at, future in futures.items()}
