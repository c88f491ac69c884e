"""Looks at the pipeline from outside all through a schedule: positions first, then outputs."""

import threading
import time
from collections import ChainMap, defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field

from confluent_kafka import KafkaException
from deltalake.exceptions import DeltaError
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from chaos.history import Ahead, Try
from chaos.pipeline import ALL_TOPICS, CAPTIONS, SINKS, STEPS, TIERS, Step
from chaos.positions import Lane, Positions
from chaos.store_view import StoreView
from chaos.topics_view import Spot, TopicsReader, TopicsView

_CATCH_UP_SECONDS = 8.0
_TABLES_EVERY_SECONDS = 3.0

Committed = Mapping[str, Mapping[int, int]]
"""Positions by the step's name and partition."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Positions and ends at one moment; `positions` were asked for first."""

    at: float
    positions: Committed
    ends: Mapping[Lane, int]

    def waiting(self, step: Step) -> dict[int, int]:
        """Partitions whose position is below the end, with that position.

        It is -1 where there are records and no position.
        """
        positions = self.positions.get(step.name, {})
        return {
            partition: positions.get(partition, -1)
            for (topic, partition), end in self.ends.items()
            if topic == step.reads and positions.get(partition, 0) < end
        }

    def sum(self, step: Step) -> int:
        """All positions of a group together: it grows when anything is committed."""
        return sum(self.positions.get(step.name, {}).values())


@dataclass(frozen=True, slots=True)
class Suspect:
    """An input below a position whose outcome was not visible yet, and the ends at that moment.

    Kafka writes a transaction's markers to each partition by itself: a position may be seen a
    moment before the outputs of its transaction. They lie below the ends all the same.
    """

    ahead: Ahead
    step: Step
    ends: Mapping[Lane, int]


@dataclass(slots=True)
class Observer:
    """Samples until told to stop; all errors of a broken broker or store are only a missed look."""

    asked: Positions
    reader: TopicsReader
    view: TopicsView
    store: StoreView
    prefix: str
    ahead: list[Ahead] = field(default_factory=list)
    suspects: list[Suspect] = field(default_factory=list)
    samples: int = 0
    checked: int = 0
    _samples: list[Sample] = field(default_factory=list)
    _verified: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    _tables_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def latest(self) -> Sample | None:
        """The newest sample."""
        with self._lock:
            return self._samples[-1] if self._samples else None

    def since(self, moment: float) -> list[Sample]:
        """The samples after that moment, in order."""
        with self._lock:
            return [one for one in self._samples if one.at > moment]

    def watch(self, stopping: threading.Event) -> None:
        """Look again and again."""
        while not stopping.is_set():
            self.look()
            stopping.wait(0.1)

    def look(self) -> bool:
        """Take one sample and hold it against the outputs; tell whether both could be read."""
        try:
            positions = self.asked.committed()
            ends = self.asked.stable_ends(ALL_TOPICS)
            highest = self.asked.ends(ALL_TOPICS)
        except KafkaException:
            self.reader.read(self.view, seconds=0.2)
            return False
        with self._lock:
            self._samples.append(Sample(time.monotonic(), positions, highest))
        if not self._read_up_to(ends):
            return False
        self.samples += 1
        self._judge()
        for step in (*STEPS, *TIERS):
            for one in self._undone(step, positions, ChainMap(*self._outcomes(step))):
                self.suspects.append(Suspect(one, step, highest))
        return self._hold_tables(positions)

    def finish(self, *, seconds: float) -> None:
        """Look once more, at everything.

        Raises:
            TimeoutError: broker or store did not answer for that long.
        """
        deadline = time.monotonic() + seconds
        self._tables_at = 0.0
        while not self.look():
            if time.monotonic() > deadline:
                raise TimeoutError("broker or store do not answer at the end of the schedule")
            time.sleep(0.2)
        self._judge()
        self.ahead.extend(one.ahead for one in self.suspects)

    def close(self) -> None:
        """Release the clients."""
        self.reader.close()
        self.asked.close()

    def group(self, step: Step) -> str:
        """The group's id."""
        return f"{self.prefix}{step.group}.live"

    def _read_up_to(self, ends: Mapping[Lane, int]) -> bool:
        deadline = time.monotonic() + _CATCH_UP_SECONDS
        while self.reader.behind(ends):
            self.reader.read(self.view, seconds=0.05)
            if time.monotonic() > deadline:
                self.reader.renew()
                return False
        return True

    def _outcomes(self, step: Step) -> tuple[dict[Try, Spot], ...]:
        return (
            self.view.outputs[step.writes],
            self.view.rejected_at[step.service],
            self.view.outputs[step.dead_letters],
            *(self.view.outputs[topic] for topic in step.retries),
        )

    def _judge(self) -> None:
        """Decide about suspects whose transactions have all come to an end."""
        decided = [one for one in self.suspects if not self.reader.behind(one.ends)]
        self.suspects = [one for one in self.suspects if one not in decided]
        for one in decided:
            # What was put off ends later as well: any of its outcomes was in time.
            found = (by.get(one.ahead.who) for by in self._outcomes(one.step))
            if not any(spot is not None and spot.offset < one.ends[spot.lane] for spot in found):
                self.ahead.append(one.ahead)

    def _hold_tables(self, positions: Committed) -> bool:
        now = time.monotonic()
        if now - self._tables_at < _TABLES_EVERY_SECONDS:
            return True
        try:
            held = {step: self.store.tries(step.writes) for step in SINKS}
        except (DeltaError, OSError, HTTPError, MinioException):
            return False
        self._tables_at = now
        kept_out = {r.who for r in self.view.rejections if r.reason == "blocked"}
        refused = self.view.rejected_at["sink"].keys()
        for step, tries in held.items():
            done = tries | kept_out | self.view.outputs[step.dead_letters].keys()
            if step.reads == CAPTIONS:
                done |= refused
            self.ahead.extend(self._undone(step, positions, done))
        return True

    def _undone(self, step: Step, positions: Committed, done: Container[Try]) -> Iterator[Ahead]:
        """Inputs below the step's positions, each once, that are not done.

        What was sent twice is done once, by whichever delivery comes first: the other is skipped,
        perhaps long before. So it is judged when all its deliveries lie below positions.
        """
        for partition, position in positions.get(step.name, {}).items():
            inputs = self.view.inputs[step.reads, partition]
            at = self._verified[step.name, partition]
            while at < len(inputs) and inputs[at][0] < position:
                offset, who = inputs[at]
                if who not in done and self._below(step, who, positions):
                    yield Ahead(step.name, partition, position, offset, who)
                at += 1
                self.checked += 1
            self._verified[step.name, partition] = at

    def _below(self, step: Step, who: Try, positions: Committed) -> bool:
        """Whether every delivery of an input, as far as it was read, lies below a position."""
        return all(
            offset < positions.get(step.name, {}).get(partition, 0)
            for partition, offset in self.view.deliveries[step.reads, who]
        )
