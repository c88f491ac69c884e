"""Where readers of committed records must wait, and for how long already.

A partition's last stable offset stands below its end while a transaction is open there: a fraction
of a second, and never longer than the transaction's time-out. One that stands longer hangs: no
reader of committed records passes it until somebody ends it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from threading import Event, Thread

from confluent_kafka import KafkaException

from pixelprose.kafkalog.observer import Lane, Observer
from pixelprose.kafkalog.settings import TRANSACTION_TIMEOUT_SECONDS, Configuration, KafkaSettings

LOOK_SECONDS = 10.0
"""How often a service looks at its own topic."""

STALLED_SECONDS = TRANSACTION_TIMEOUT_SECONDS + 15.0
"""An open transaction this old hangs: its time-out is over, and the coordinator had time to act."""

_NOBODY = "pixelprose-stable-offsets"
"""A group that the client requires and that nobody joins."""


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


class OpenTransactions:
    """Finds partitions that hold records which are neither committed nor aborted."""

    def __init__(self, client: Configuration) -> None:
        self._last = Observer(client, group=_NOBODY, isolation="read_uncommitted")
        self._stable = Observer(client, group=_NOBODY, isolation="read_committed")

    def behind(self, topics: Iterable[str]) -> list[Behind]:
        """Return the partitions of `topics` with an open transaction.

        Raises:
            KafkaException: the broker does not answer.
        """
        lanes = [lane for topic in topics for lane in self._last.partitions(topic)]
        # The end first: what is committed between the two questions must not look open.
        ends = self._last.ends(lanes)
        stable = self._stable.ends(lanes)
        return [Behind(at, stable[at], end) for at, end in ends.items() if stable[at] < end]

    def close(self) -> None:
        """Release the clients."""
        self._last.close()
        self._stable.close()


def ages(client: Configuration, found: Collection[Behind], *, now: float) -> Mapping[Behind, float]:
    """Return how long each has been so: the age of its first undecided record, in seconds.

    `now` is the time of day in seconds. One look is enough: the record at the last stable offset
    is the first of the oldest open transaction.

    Raises:
        KafkaException: the broker does not answer.
    """
    observer = Observer(client, group=_NOBODY, isolation="read_uncommitted")
    with closing(observer) as asked:
        written = asked.written({one.lane: one.stable for one in found})
    return {one: max(0.0, now - written[one.lane]) for one in found if one.lane in written}


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
        transactions = OpenTransactions(self._client)
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                self.look(transactions)
            except KafkaException:
                continue  # a broker that is away is the runner's to notice
        transactions.close()

    def look(self, transactions: OpenTransactions) -> None:
        """Look once, and tell."""
        found = transactions.behind(self._topics)
        self._tell(self._standstill.seconds(found, now=self._clock()))
