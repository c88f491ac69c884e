"""Work in order, by partition: from the first record not committed to the last one read."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic

from pixelprose.streamkit.killers import Note
from pixelprose.streamkit.log import Committed, Message, TopicPartition
from pixelprose.streamkit.verdict import Verdict
from pixelprose.streamkit.worker import I, O, P, Pending


@dataclass(slots=True, eq=False)
class Entry(Generic[I, O, P]):
    """One record on its way from the log to a commit. Times are of the runner's clock.

    `read` is what the log delivered; `message` is the same as it stood on its first topic, which is
    another where it was put off.
    """

    read: Message
    message: Message
    record: I | None = None
    future: Pending[O] | None = None
    begun: float = 0.0
    failures: int = 0
    first_failed: float = 0.0
    last_failed: float = 0.0
    verdict: Verdict[P] | None = None
    held_since: float | None = None
    gone: bool = False

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.read.value) + len(self.read.key or b"")


@dataclass(slots=True, eq=False)
class Window(Generic[I, O, P]):
    """`ready` is the finished prefix; `waiting` begins with a record that is not finished.

    `fresh` is the end of `waiting` that has not begun. `note` is ours from our first commit on.
    """

    ready: list[Entry[I, O, P]] = field(default_factory=list)
    waiting: deque[Entry[I, O, P]] = field(default_factory=deque)
    fresh: deque[Entry[I, O, P]] = field(default_factory=deque)
    read: int = -1
    committed: int = -1
    note: Note | None = None

    def advance(self) -> None:
        """Move what is finished and not held to `ready`, up to the first that is not."""
        while self.waiting:
            entry = self.waiting[0]
            if entry.verdict is None or entry.held_since is not None:
                return
            self.ready.append(self.waiting.popleft())

    @property
    def busy(self) -> bool:
        """Whether any record that has begun still waits for its verdict."""
        begun = len(self.waiting) - len(self.fresh)
        return any(entry.verdict is None for entry in islice(self.waiting, begun))

    @property
    def ended(self) -> bool:
        """Whether the first record here has its verdict: held back, or not moved to `ready` yet."""
        return any(entry.verdict is not None for entry in islice(self.waiting, 1))

    @property
    def suspect(self) -> bool:
        """Whether the first record that is not finished must be tried alone."""
        if self.note is None or not self.note.alone_until or not self.waiting:
            return False
        return self.note.alone(self.waiting[0].read.offset)

    def closing(self, position: int) -> Committed:
        """What a commit that moves the group to `position` says of this partition."""
        note = self.note or Note()
        if position > self.committed:
            note = note.moved(position)
        return Committed(position, str(note if self.waiting else note.ended()))


class Windows(Generic[I, O, P]):
    """The windows of all partitions that are ours, with what they hold in all."""

    def __init__(self) -> None:
        self._by_partition: dict[TopicPartition, Window[I, O, P]] = {}
        self.records = 0
        self.bytes = 0

    @property
    def partitions(self) -> frozenset[TopicPartition]:
        """Every partition that is ours."""
        return frozenset(self._by_partition)

    def items(self) -> Iterator[tuple[TopicPartition, Window[I, O, P]]]:
        """Every partition with its window."""
        return iter(self._by_partition.items())

    def open(self, at: TopicPartition) -> None:
        """Begin the work of a partition anew."""
        self.forget(at)
        self._by_partition[at] = Window()

    def add(self, entry: Entry[I, O, P]) -> Window[I, O, P] | None:
        """Put a record at the end of its window; None when the log had no right to deliver it."""
        window = self._by_partition.get(entry.read.at)
        if window is None or entry.read.offset <= window.read:
            return None
        window.read = entry.read.offset
        window.waiting.append(entry)
        window.fresh.append(entry)
        self.records += 1
        self.bytes += entry.size
        return window

    def forget(self, at: TopicPartition) -> None:
        """Drop the work of a partition, in flight and finished."""
        window = self._by_partition.pop(at, None)
        for entry in (*window.ready, *window.waiting) if window else ():
            entry.gone = True
            self._release(entry)
            if entry.future:
                entry.future.cancel()

    def advance(self) -> int:
        """Move finished prefixes on; return how many records are ready to be committed."""
        ready = 0
        for window in self._by_partition.values():
            window.advance()
            ready += len(window.ready)
        return ready

    def committed(self, positions: Mapping[TopicPartition, Committed]) -> None:
        """Forget the finished prefixes; these positions are on the log now."""
        for at, position in positions.items():
            window = self._by_partition[at]
            window.committed = position.offset
            window.note = Note.read(position.note)
            for entry in window.ready:
                self._release(entry)
            window.ready.clear()

    def survivors(self) -> dict[TopicPartition, Committed]:
        """What to say of records that were tried alone and ended, perhaps as dead letters held."""
        return {
            at: Committed(window.committed, str(window.note.ended()))
            for at, window in self._by_partition.items()
            if window.note and window.note.tried and window.ended
        }

    def farewells(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Committed]:
        """What an owner that ends there in order says where its note stands."""
        return {
            at: Committed(window.committed, str(window.note.ended()))
            for at, window in self._by_partition.items()
            if at in partitions and window.note and window.note != window.note.ended()
        }

    @property
    def unfinished(self) -> bool:
        """Whether any record that has begun still waits for its verdict."""
        return any(window.busy for window in self._by_partition.values())

    def _release(self, entry: Entry[I, O, P]) -> None:
        self.records -= 1
        self.bytes -= entry.size
