"""One process's view of a broker in memory."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from pixelprose.streamkit.errors import OutputTooLarge, Stop
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.log import Committed, Log, Membership, Message, Outgoing, TopicPartition
from pixelprose.streamkit.testing.memory_broker import MemoryBroker


class MemoryLog(Log[Outgoing]):
    """A new view on the same broker is a restart, or a second member.

    What the group decides takes effect inside the next `poll`, as on Kafka. `point` is called just
    before and just after each effect on the broker, with its name: a schedule may raise there (the
    process dies), or let others go on (it was stopped, and wakes up late).
    """

    def __init__(self, broker: MemoryBroker, *, slot: int = 0) -> None:
        self.broker = broker
        self.slot = slot
        self.point: Callable[[str], None] = lambda _: None
        self.aborts = 0
        """How many of the next commits are aborted."""
        self._epoch: int | None = None
        self._next: dict[TopicPartition, int | None] = {}
        self._delivered: set[TopicPartition] = set()
        self._paused: set[TopicPartition] = set()
        self._told: deque[Callable[[], None]] = deque()
        self._membership: Membership

    def assign(self, partitions: Collection[TopicPartition]) -> None:
        """The broker's: these are given to this process."""
        self._told.append(lambda: self._assigned(partitions))

    def revoke(self, partitions: Collection[TopicPartition]) -> None:
        """The broker's: these are asked back."""
        self._told.append(lambda: self._revoked(partitions))

    def lose(self) -> None:
        """The broker's: the group went on without this process."""
        self._told.clear()
        self._told.append(self._lost)

    def probe(self) -> None:
        """It is there."""

    def subscribe(self, membership: Membership) -> None:
        """Take over the transactional id and join; partitions come in the first `poll`."""
        self._membership = membership
        with self._effect("take over"):
            self.broker.take_over(self)
        with self._effect("join"):
            self.broker.join(self)

    def poll(self, timeout_seconds: float) -> Message | None:
        """Return the next message at once, or None; the time is the test's."""
        del timeout_seconds
        self._refresh()
        while self._told:
            self._told.popleft()()
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
        found = {at: self._next[at] for at in partitions if at in self._delivered}
        return {at: position for at, position in found.items() if position is not None}

    def committed(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, Committed]:
        """The group's positions, except where a transaction may still move them."""
        found = {at: self.broker.committed(at) for at in partitions}
        return {at: known for at, known in found.items() if known is not None}

    def commit(
        self,
        outputs: Sequence[Outgoing],
        letters: Sequence[Outgoing],
        positions: Mapping[TopicPartition, Committed],
    ) -> bool:
        """Append and move in one transaction: all, or nothing."""
        limit = self.broker.max_bytes
        if large := frozenset(i for i, out in enumerate(outputs) if len(out.value) > limit):
            raise OutputTooLarge(large)
        with self._effect("begin"):
            self.broker.begin(self)
        for out in (*outputs, *letters):
            with self._effect("produce"):
                self.broker.produce(self, out)
        with self._effect("send offsets"):
            agreed = self.broker.send_offsets(self, positions, epoch=self._epoch)
        if not agreed or self.aborts:
            self.aborts = max(0, self.aborts - 1)
            with self._effect("abort"):
                self.broker.abort(self)
            return False
        with self._effect("end"):
            self.broker.end(self)
        return True

    def close(self) -> None:
        """Leave the group."""
        if self in self.broker.members:
            self._gone(list(self._next), self._membership.revoked)
            self.broker.leave(self)

    @contextmanager
    def _effect(self, name: str) -> Iterator[None]:
        self.point(f"before {name}")
        yield
        self.point(f"after {name}")

    def _assigned(self, partitions: Collection[TopicPartition]) -> None:
        self._next |= dict.fromkeys(partitions)
        self._refresh()
        self._membership.assigned(partitions)

    def _revoked(self, partitions: Collection[TopicPartition]) -> None:
        self._gone(partitions, self._membership.revoked)
        self.broker.let_go(self, partitions)
        self._refresh()

    def _lost(self) -> None:
        self._gone(list(self._next), self._membership.lost)
        self.broker.join(self)
        self._refresh()

    def _refresh(self) -> None:
        self._epoch = self.broker.hears(self)

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
        position = self._next[at]
        if position is None:
            if (found := self.broker.committed(at)) is None:
                return None
            position = self._next[at] = found.offset
        if position < self.broker.firsts[at]:
            raise Stop(ExitCode.POSITION_LOST, f"no valid position on {at}")
        for offset in range(position, self.broker.visible_end(at)):
            message = self.broker.records[at][offset]
            self._next[at] = offset + 1
            self._delivered.add(at)
            if message is not None:
                return message
        return None
