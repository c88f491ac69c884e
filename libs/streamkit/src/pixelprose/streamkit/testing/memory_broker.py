"""What outlives a process, in lists: records, positions, open transactions, one group."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from pixelprose.streamkit.errors import Stop
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.log import Committed, Headers, Message, Outgoing, TopicPartition

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

SESSION_SECONDS = 45.0
TRANSACTION_SECONDS = 60.0


class Member(Protocol):
    """A process as the broker knows it: its transactional id, and how to tell it of its lanes."""

    slot: int

    def assign(self, partitions: Collection[TopicPartition]) -> None:
        """These are given to it."""

    def revoke(self, partitions: Collection[TopicPartition]) -> None:
        """These are asked back."""

    def lose(self) -> None:
        """The group went on without it."""


@dataclass(slots=True)
class Transaction:
    """What a producer has sent and not ended."""

    began: float
    outputs: list[Outgoing] = field(default_factory=list)
    positions: dict[TopicPartition, Committed] = field(default_factory=dict)


class MemoryBroker:
    """Models what the loop sees of a broker, and of the other members of its group.

    A partition holds messages and markers of transactions (None), which take an offset and are
    never delivered. `appended` is what a reader of committed records sees. Partitions are dealt
    out in turn to members in the order of their joining, beginning with the `first`-th; a
    partition that moves is asked back from its owner first. `clock` says when a silent member is
    expelled and when an open transaction is aborted.
    """

    def __init__(
        self,
        topic: str = "in",
        *,
        partitions: int = 1,
        max_bytes: int = 1_000,
        clock: Callable[[], float] = lambda: 0.0,
        retries: Collection[str] = (),
        now: Callable[[], datetime] = lambda: EPOCH,
    ) -> None:
        self.lanes = [
            TopicPartition(name, n) for name in (topic, *retries) for n in range(partitions)
        ]
        self._now = now
        self.max_bytes = max_bytes
        self.records: dict[TopicPartition, list[Message | None]] = {at: [] for at in self.lanes}
        self.positions: dict[TopicPartition, int] = dict.fromkeys(self.lanes, 0)
        self.notes: dict[TopicPartition, str] = dict.fromkeys(self.lanes, "")
        self.firsts: dict[TopicPartition, int] = dict.fromkeys(self.lanes, 0)
        self.appended: defaultdict[str, list[Outgoing]] = defaultdict(list)
        self.owners: dict[TopicPartition, Member] = {}
        self._clock = clock
        self._hidden: dict[TopicPartition, int] = {}
        self._transactions: dict[int, Transaction] = {}
        self._producers: dict[int, Member] = {}
        self._numbers = itertools.count()
        self._epochs: dict[Member, int] = {}
        self._seen: dict[Member, float] = {}
        self._targets: dict[TopicPartition, Member] = {}

    # Topics

    def append(
        self, value: bytes, *, partition: int = 0, key: bytes | None = None, headers: Headers = ()
    ) -> None:
        """Append one message to the topic."""
        self._put(self.lanes[partition], Outgoing("", key, value, headers))

    def mark(self, partition: int = 0) -> None:
        """Append the marker of a transaction."""
        self.records[self.lanes[partition]].append(None)

    def hide(self, partition: int = 0) -> None:
        """What is appended from now on belongs to a transaction that is not ended."""
        at = self.lanes[partition]
        self._hidden.setdefault(at, len(self.records[at]))

    def show(self, partition: int = 0) -> None:
        """That transaction commits."""
        if self._hidden.pop(self.lanes[partition], None) is not None:
            self.mark(partition)

    def discard(self, partition: int = 0) -> None:
        """That transaction aborts."""
        at = self.lanes[partition]
        if (first := self._hidden.pop(at, None)) is not None:
            lane = self.records[at]
            lane[first:] = [None] * (len(lane) - first + 1)

    def visible_end(self, at: TopicPartition) -> int:
        """Where a reader of committed records stops."""
        return self._hidden.get(at, len(self.records[at]))

    def expire(self, partition: int, before: int) -> None:
        """Forget what lies before an offset, as retention does."""
        self.firsts[self.lanes[partition]] = before

    def committed(self, at: TopicPartition) -> Committed | None:
        """Where a new owner begins, -1 if that is lost; None while a transaction moves it."""
        self.pass_time()
        if any(at in open_.positions for open_ in self._transactions.values()):
            return None
        return Committed(self.positions.get(at, -1), self.notes[at])

    def _put(self, at: TopicPartition, out: Outgoing) -> None:
        lane = self.records[at]
        lane.append(Message(at, len(lane), out.key, out.value, out.headers, self._now()))

    # Transactions

    def take_over(self, member: Member) -> None:
        """Fence whoever has this transactional id, and abort what it left open."""
        self._transactions.pop(member.slot, None)
        self._producers[member.slot] = member

    def begin(self, member: Member) -> None:
        """Open a transaction."""
        self._mine(member)
        self._transactions[member.slot] = Transaction(self._clock())

    def produce(self, member: Member, out: Outgoing) -> None:
        """Append an output that nobody sees yet."""
        self._mine(member).outputs.append(out)

    def send_offsets(
        self, member: Member, positions: Mapping[TopicPartition, Committed], *, epoch: int | None
    ) -> bool:
        """Add positions; False for a stale member. Like Kafka, it asks not who owns what."""
        transaction = self._mine(member)
        if epoch is None or self._epochs.get(member) != epoch:
            return False
        transaction.positions.update(positions)
        return True

    def abort(self, member: Member) -> None:
        """Nothing of the open transaction happened."""
        self._mine(member)
        del self._transactions[member.slot]

    def end(self, member: Member) -> None:
        """All of the open transaction happened."""
        done = self._mine(member)
        del self._transactions[member.slot]
        for out in done.outputs:
            self.appended[out.topic].append(out)
            if (at := TopicPartition(out.topic, 0)) in self.records:  # a retry topic
                self._put(at, out)
        self.positions |= {at: to.offset for at, to in done.positions.items()}
        self.notes |= {at: to.note for at, to in done.positions.items()}

    def _mine(self, member: Member) -> Transaction:
        self.pass_time()
        if self._producers.get(member.slot) is not member:
            raise Stop(ExitCode.FENCED, "another process has this slot")
        return self._transactions.get(member.slot) or Transaction(self._clock())

    # The group

    @property
    def members(self) -> Collection[Member]:
        """Who is in the group, as far as the broker knows."""
        return self._epochs.keys()

    def join(self, member: Member) -> None:
        """A member comes, or comes back."""
        self._epochs[member] = next(self._numbers)
        self._seen[member] = self._clock()
        self.rebalance()

    def leave(self, member: Member) -> None:
        """A member goes; what it did not let go of is ownerless."""
        self._epochs.pop(member, None)
        self.owners = {at: owner for at, owner in self.owners.items() if owner is not member}
        self.rebalance()

    def expel(self, member: Member) -> None:
        """The group goes on without a member that it takes for dead."""
        if member in self._epochs:
            member.lose()
            self.leave(member)

    def hears(self, member: Member) -> int | None:
        """A member shows that it is alive; return its epoch, or None if it was expelled."""
        self.pass_time()
        if member in self._epochs:
            self._seen[member] = self._clock()
        return self._epochs.get(member)

    def rebalance(self, *, first: int = 0) -> None:
        """Deal the partitions out anew."""
        members = list(self._epochs)
        for number, at in enumerate(self.lanes if members else ()):
            self._targets[at] = members[(number + first) % len(members)]
            if (owner := self.owners.get(at)) not in {None, self._targets[at]}:
                owner.revoke([at])
                self._epochs[owner] = next(self._numbers)
        self.settle()

    def let_go(self, member: Member, partitions: Collection[TopicPartition]) -> None:
        """A member has given these back."""
        for at in partitions:
            if self.owners.get(at) is member:
                del self.owners[at]
        self.settle()

    def give(self, member: Member, partitions: Collection[TopicPartition]) -> None:
        """Give these to a member as soon as nobody owns them."""
        self._targets |= dict.fromkeys(partitions, member)
        self.settle()

    def withdraw(self, partitions: Collection[TopicPartition]) -> None:
        """Ask these back; nobody shall own them until they are given again."""
        for at in partitions:
            self._targets.pop(at, None)
            if (owner := self.owners.get(at)) is not None:
                owner.revoke([at])

    def settle(self) -> None:
        """Give what nobody owns to who shall have it."""
        for at, member in self._targets.items():
            if at not in self.owners and member in self._epochs:
                self.owners[at] = member
                self._epochs[member] = next(self._numbers)
                member.assign([at])

    def pass_time(self) -> None:
        """Expel who was silent too long; abort and fence what was open too long."""
        now = self._clock()
        for slot, open_ in list(self._transactions.items()):
            if now - open_.began >= TRANSACTION_SECONDS:
                del self._transactions[slot], self._producers[slot]
        for member in [m for m, seen in self._seen.items() if m in self._epochs]:
            if now - self._seen[member] >= SESSION_SECONDS:
                self.expel(member)
