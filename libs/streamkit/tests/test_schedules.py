"""Two processes of one group under every fault that a schedule can bring."""

from collections.abc import Iterator
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pixelprose.streamkit import (
    DeadLetter,
    Emit,
    Metrics,
    Outcome,
    Reject,
    Runner,
    RunnerSettings,
    Skip,
    TopicPartition,
    Unavailable,
)
from pixelprose.streamkit.log import Outgoing
from pixelprose.streamkit.testing import HandClock, HandWorker, MemoryBroker, MemoryLog, TextCodec

PARTITIONS = 3
LIMITS = RunnerSettings(
    commit_seconds=0.1,
    max_in_flight_per_partition=4,
    max_in_flight=8,
    fuse_in_a_row=10_000,
    fuse_window=10_000,
    unavailable_deadline_seconds=1e9,
)
KINDS = st.sampled_from("eeeerrsdxu?L")
"""emit, reject, skip, dead letter, unknown error, first unavailable, undecodable, too Large."""

Member = tuple[Runner[str, str, Outgoing], MemoryLog, HandWorker]


def bytes_of(kind: str, number: int) -> bytes:
    return b"\xff%d" % number if kind == "?" else f"{kind}{number}".encode()


def expected(value: bytes) -> list[tuple[str, bytes]]:
    """What one record must append, once."""
    match value[:1]:
        case b"e" | b"u":
            return [("out", value + b"!")]
        case b"r":
            return [("rejected", b"asked:" + value)]
        case b"s":
            return []
        case _:
            return [("in.tests.dlq", value)]


def decide(worker: HandWorker, record: str, tries: int) -> None:
    """End a try as its record asks."""
    outcome: Outcome[str]
    match record[0]:
        case "x":
            worker.fail(record, ValueError(record))
            return
        case "u" if tries == 1:
            worker.fail(record, Unavailable("store"))
            return
        case "r":
            outcome = Reject("asked")
        case "s":
            outcome = Skip("done")
        case "d":
            outcome = DeadLetter("broken")
        case "L":
            outcome = Emit((record * 600,))
        case _:
            outcome = Emit((record + "!",))
    worker.finish(record, outcome)


class Group(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.broker = MemoryBroker("in", partitions=PARTITIONS)
        self.clock = HandClock()
        self.metrics = Metrics()
        self.members: list[Member] = []
        self.owners = dict(zip(self.broker.lanes, (0, 0, 1), strict=True))
        self.moving: set[TopicPartition] = set()
        self.fed = 0

    @initialize()
    def start(self) -> None:
        self.members = [self.member(0), self.member(1)]

    def member(self, slot: int) -> Member:
        log = MemoryLog(
            self.broker, slot=slot, lanes=[at for at, who in self.owners.items() if who == slot]
        )
        worker = HandWorker()
        runner: Runner[str, str, Outgoing] = Runner(
            log,
            TextCodec(),
            worker,
            LIMITS,
            service="tests",
            version="1",
            metrics=self.metrics,
            clock=self.clock,
            uniform=lambda: 0.5,
        )
        log.subscribe(runner)
        return runner, log, worker

    @rule(kind=KINDS, partition=st.integers(0, PARTITIONS - 1))
    def feed(self, kind: str, partition: int) -> None:
        self.fed += 1
        self.broker.append(
            bytes_of(kind, self.fed), partition=partition, key=str(partition).encode()
        )

    @rule(partition=st.integers(0, PARTITIONS - 1))
    def mark(self, partition: int) -> None:
        self.broker.mark(partition)

    @rule(who=st.integers(0, 1), seconds=st.sampled_from([0.0, 0.05, 0.2]))
    def turn(self, who: int, seconds: float) -> None:
        self.clock.advance(seconds)
        self.members[who][0].tick()
        self.settle_moves()

    @rule(who=st.integers(0, 1), pick=st.randoms(use_true_random=False))
    def finish_one(self, who: int, pick: Random) -> None:
        worker = self.members[who][2]
        if open_records := [record for record, _ in unfinished(worker)]:
            record = pick.choice(open_records)
            decide(worker, record, worker.records.count(record))

    @rule(who=st.integers(0, 1))
    def abort_a_commit(self, who: int) -> None:
        self.members[who][1].aborts += 1

    @rule(who=st.integers(0, 1))
    def crash(self, who: int) -> None:
        self.moving -= {at for at, owner in self.owners.items() if owner == who}
        self.members[who] = self.member(who)

    @rule(number=st.integers(0, PARTITIONS - 1))
    def revoke(self, number: int) -> None:
        at = self.broker.lanes[number]
        log = self.members[self.owners[at]][1]
        if at in log.ours and at not in self.moving:
            log.revoke([at])
            self.moving.add(at)

    @rule(who=st.integers(0, 1))
    def lose(self, who: int) -> None:
        """The group goes on without a process that it believes dead."""
        lost = [at for at, owner in self.owners.items() if owner == who and at not in self.moving]
        self.members[who][1].lose(lost)
        self.give(lost, 1 - who)

    @invariant()
    def outputs_are_those_of_the_finished_prefix(self) -> None:
        for at in self.broker.lanes:
            records = self.broker.records[at][: self.broker.positions[at]]
            wanted = [end for m in records if m is not None for end in expected(m.value)]
            assert sorted(self.appended(at)) == sorted(wanted)
            assert [v for t, v in self.appended(at) if t == "out"] == [
                v for t, v in wanted if t == "out"
            ]

    def teardown(self) -> None:
        """Without further faults everything comes to its end."""
        if not self.members:
            return
        for number in range(PARTITIONS):
            self.feed("e", number)
        for _ in range(200):
            for who, (_, log, worker) in enumerate(self.members):
                log.aborts = 0
                for record, tries in list(unfinished(worker)):
                    decide(worker, record, tries)
                self.turn(who, 0.2)
            if all(self.broker.positions[at] == len(self.broker.records[at]) for at in self.owners):
                break
        for at in self.broker.lanes:
            assert self.broker.positions[at] == len(self.broker.records[at])
        self.outputs_are_those_of_the_finished_prefix()

    def give(self, partitions: list[TopicPartition], who: int) -> None:
        self.owners |= dict.fromkeys(partitions, who)
        self.members[who][1].assign(partitions)

    def settle_moves(self) -> None:
        for at in sorted(self.moving):
            if at not in self.members[self.owners[at]][1].ours:
                self.moving.discard(at)
                self.give([at], 1 - self.owners[at])

    def appended(self, at: TopicPartition) -> list[tuple[str, bytes]]:
        key = str(at.partition).encode()
        return [
            (topic, out.value)
            for topic, outs in self.broker.appended.items()
            for out in outs
            if out.key == key
        ]


def unfinished(worker: HandWorker) -> Iterator[tuple[str, int]]:
    """Records whose latest try has not ended, with the number of their tries."""
    latest = dict(zip(worker.records, worker.futures, strict=True))
    return (
        (record, worker.records.count(record))
        for record, future in latest.items()
        if not future.done()
    )


TestGroup = Group.TestCase
TestGroup.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
