"""A log in lists: partitions, positions, transactions, fencing and rebalances of one group."""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from pixelprose.streamkit.errors import OutputTooLarge, Stop
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.log import (
    Committed,
    Headers,
    Log,
    Membership,
    Message,
    Outgoing,
    TopicPartition,
)

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class MemoryBroker:
    """What outlives a process: records, positions, and who owns which transactional id.

    A partition holds messages and markers of transactions (None), which take an offset and are
    never delivered.
    """

    def __init__(
        self,
        topic: str = "in",
        *,
        partitions: int = 1,
        max_bytes: int = 1_000,
        retries: Collection[str] = (),
        now: Callable[[], datetime] = lambda: EPOCH,
    ) -> None:
        self.lanes = [
            TopicPartition(name, number)
            for name in (topic, *retries)
            for number in range(partitions)
        ]
        self._now = now
        self.max_bytes = max_bytes
        self.records: dict[TopicPartition, list[Message | None]] = {at: [] for at in self.lanes}
        self.positions: dict[TopicPartition, int] = dict.fromkeys(self.lanes, 0)
        self.notes: dict[TopicPartition, str] = dict.fromkeys(self.lanes, "")
        self.firsts: dict[TopicPartition, int] = dict.fromkeys(self.lanes, 0)
        self.appended: defaultdict[str, list[Outgoing]] = defaultdict(list)
        self.producers: dict[int, object] = {}

    def append(
        self, value: bytes, *, partition: int = 0, key: bytes | None = None, headers: Headers = ()
    ) -> None:
        """Append one message to the topic."""
        self._put(self.lanes[partition], key, value, headers)

    def take(self, out: Outgoing) -> None:
        """Keep an output; one to a topic of ours (a retry) can be read from its first partition."""
        self.appended[out.topic].append(out)
        at = TopicPartition(out.topic, 0)
        if at in self.records:
            self._put(at, out.key, out.value, out.headers)

    def _put(self, at: TopicPartition, key: bytes | None, value: bytes, headers: Headers) -> None:
        lane = self.records[at]
        lane.append(Message(at, len(lane), key, value, headers, self._now()))

    def mark(self, partition: int = 0) -> None:
        """Append the marker of a transaction."""
        self.records[self.lanes[partition]].append(None)

    def expire(self, partition: int, before: int) -> None:
        """Forget what lies before an offset, as retention does."""
        self.firsts[self.lanes[partition]] = before


class MemoryLog(Log[Outgoing]):
    """One process's view of a broker; a new view on the same broker is a restart.

    `revoke`, `lose` and `assign` take effect inside the next `poll`, as a rebalance does; from
    `lose` until then every commit is aborted, since the group has gone on without this process.
    `lanes` are assigned on joining; by default all.
    """

    def __init__(
        self,
        broker: MemoryBroker,
        *,
        slot: int = 0,
        lanes: Collection[TopicPartition] | None = None,
    ) -> None:
        self.broker = broker
        self.aborts = 0
        """How many of the next commits are aborted."""
        self._slot = slot
        self._lanes = broker.lanes if lanes is None else lanes
        self._left_behind = False
        self._next: dict[TopicPartition, int] = {}
        self._delivered: set[TopicPartition] = set()
        self._paused: set[TopicPartition] = set()
        self._rebalances: deque[Callable[[], None]] = deque()
        self._membership: Membership | None = None

    @property
    def ours(self) -> Collection[TopicPartition]:
        """The partitions of this process."""
        return self._next.keys()

    def assign(self, partitions: Collection[TopicPartition]) -> None:
        """Give these to this process."""
        self._rebalances.append(lambda: self._assigned(partitions))

    def revoke(self, partitions: Collection[TopicPartition]) -> None:
        """Take these away, in agreement."""
        self._rebalances.append(lambda: self._gone(partitions, self._group.revoked))

    def lose(self, partitions: Collection[TopicPartition]) -> None:
        """Take these away, unannounced."""
        self._left_behind = True
        self._rebalances.append(lambda: self._gone(partitions, self._group.lost))

    def probe(self) -> None:
        """It is there."""

    def subscribe(self, membership: Membership) -> None:
        """Join; partitions are assigned in the first `poll`."""
        self.broker.producers[self._slot] = self
        self._membership = membership
        self.assign(self._lanes)

    def poll(self, timeout_seconds: float) -> Message | None:
        """Return the next message at once, or None; the time is the test's."""
        del timeout_seconds
        while self._rebalances:
            self._rebalances.popleft()()
        self._left_behind = False
        for at in list(self._next):
            if at not in self._paused and (message := self._take(at)) is not None:
                # To the end of the row, so that every partition gets its turn.
                self._next[at] = self._next.pop(at)
                return message
        return None

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        """Return nothing more from these."""
        self._paused |= set(partitions)

    def resume(self, partitions: Collection[TopicPartition]) -> None:
        """Take up again."""
        self._paused -= set(partitions)

    def idle_positions(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Positions past everything delivered."""
        return {at: self._next[at] for at in partitions if at in self._delivered}

    def committed(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, Committed]:
        """The group's positions."""
        return {
            at: Committed(self.broker.positions[at], self.broker.notes[at]) for at in partitions
        }

    def commit(
        self,
        outputs: Sequence[Outgoing],
        letters: Sequence[Outgoing],
        positions: Mapping[TopicPartition, Committed],
    ) -> bool:
        """Append and move: all, or nothing. Like Kafka, it does not ask who owns a partition."""
        limit = self.broker.max_bytes
        if large := frozenset(i for i, out in enumerate(outputs) if len(out.value) > limit):
            raise OutputTooLarge(large)
        if self.broker.producers[self._slot] is not self:
            raise Stop(ExitCode.FENCED, "another process has this slot")
        if self.aborts or self._left_behind:
            self.aborts = max(0, self.aborts - 1)
            return False
        for out in (*outputs, *letters):
            self.broker.take(out)
        self.broker.positions.update({at: to.offset for at, to in positions.items()})
        self.broker.notes.update({at: to.note for at, to in positions.items()})
        return True

    def close(self) -> None:
        """Leave the group."""
        if self._membership is not None:
            self._gone(list(self._next), self._membership.revoked)

    @property
    def _group(self) -> Membership:
        if self._membership is None:
            raise RuntimeError("not subscribed")
        return self._membership

    def _assigned(self, partitions: Collection[TopicPartition]) -> None:
        for at in partitions:
            position = self.broker.positions.get(at, -1)
            if position < self.broker.firsts[at]:
                raise Stop(ExitCode.POSITION_LOST, f"no valid position on {at}")
            self._next[at] = position
        self._group.assigned(partitions)

    def _gone(
        self,
        partitions: Collection[TopicPartition],
        tell: Callable[[Collection[TopicPartition]], None],
    ) -> None:
        tell(partitions)
        for at in partitions:
            self._next.pop(at, None)
            self._delivered.discard(at)

    def _take(self, at: TopicPartition) -> Message | None:
        """The next message of a partition; markers are passed in silence."""
        lane = self.broker.records[at]
        while self._next[at] < len(lane):
            message = lane[self._next[at]]
            self._next[at] += 1
            self._delivered.add(at)
            if message is not None:
                return message
        return None
