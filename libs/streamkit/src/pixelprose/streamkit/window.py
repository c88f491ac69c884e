"""Work in order, by partition: from the first record not committed to the last one read."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pixelprose.streamkit.log import Message, TopicPartition
from pixelprose.streamkit.verdict import Verdict
from pixelprose.streamkit.worker import Pending

I = TypeVar("I")  # noqa: E741 - input, as in every generic of this library
O = TypeVar("O")  # noqa: E741 - output
P = TypeVar("P")


@dataclass(slots=True, eq=False)
class Entry(Generic[I, O, P]):
    """One record on its way from the log to a commit. Times are of the runner's clock."""

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
        return len(self.message.value) + len(self.message.key or b"")


@dataclass(slots=True, eq=False)
class Window(Generic[I, O, P]):
    """`ready` is the finished prefix; `waiting` begins with a record that is not finished."""

    ready: list[Entry[I, O, P]] = field(default_factory=list)
    waiting: deque[Entry[I, O, P]] = field(default_factory=deque)
    read: int = -1
    committed: int = -1

    def advance(self) -> None:
        """Move what is finished and not held to `ready`, up to the first that is not."""
        while self.waiting:
            entry = self.waiting[0]
            if entry.verdict is None or entry.held_since is not None:
                return
            self.ready.append(self.waiting.popleft())


class Windows(Generic[I, O, P]):
    """The windows of all partitions that are ours, with what they hold in all."""

    def __init__(self) -> None:
        self._by_partition: dict[TopicPartition, Window[I, O, P]] = {}
        self.records = 0
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._by_partition)

    def __contains__(self, at: object) -> bool:
        return at in self._by_partition

    def items(self) -> Iterator[tuple[TopicPartition, Window[I, O, P]]]:
        """Every partition with its window."""
        return iter(self._by_partition.items())

    def open(self, at: TopicPartition) -> None:
        """Begin the work of a partition anew."""
        self.forget(at)
        self._by_partition[at] = Window()

    def add(self, entry: Entry[I, O, P]) -> Window[I, O, P] | None:
        """Put a record at the end of its window; None when the log had no right to deliver it."""
        window = self._by_partition.get(entry.message.at)
        if window is None or entry.message.offset <= window.read:
            return None
        window.read = entry.message.offset
        window.waiting.append(entry)
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

    def committed(self, positions: Mapping[TopicPartition, int]) -> None:
        """Forget the finished prefixes; these positions are on the log now."""
        for at, position in positions.items():
            window = self._by_partition[at]
            window.committed = position
            for entry in window.ready:
                self._release(entry)
            window.ready.clear()

    @property
    def unfinished(self) -> bool:
        """Whether any record still waits for its verdict."""
        return any(
            entry.verdict is None
            for window in self._by_partition.values()
            for entry in window.waiting
        )

    def _release(self, entry: Entry[I, O, P]) -> None:
        self.records -= 1
        self.bytes -= entry.size
