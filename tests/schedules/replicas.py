"""Two processes with a supervisor, whatever happens to them between their calls."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine
from tests.schedules.faults import PARTITIONS
from tests.schedules.process import Joined, Process
from tests.schedules.texts import (
    RETRIES,
    RETRY,
    Crash,
    decide,
    kill,
    unfinished,
)

from pixelprose.streamkit import (
    Codec,
    ExitCode,
    Log,
    Metrics,
    Runner,
    RunnerSettings,
    Stop,
    TopicPartition,
    Unavailable,
)
from pixelprose.streamkit.testing import HandClock, MemoryBroker, MemoryLog, TextCodec
from pixelprose.streamkit.testing.memory_broker import (
    EPOCH,
    TRANSACTION_SECONDS,
)

LIMITS = RunnerSettings(
    commit_seconds=0.1,
    max_in_flight_per_partition=4,
    max_in_flight=8,
    fuse_in_a_row=5,
    fuse_window=10_000,
    unavailable_deadline_seconds=3.0,
    dead_letter_hold_seconds=2.0,
    drain_seconds=3.0,
)
WITHOUT_A_FUSE = LIMITS.model_copy(update={"fuse_in_a_row": 10_000})
"""What a person starts a service with that shall dead-letter all of many bad records."""


class Replicas(RuleBasedStateMachine):
    """Starts, turns, stops, kills and buries the processes; a subclass says what they promise."""

    kinds: ClassVar[str] = "ersdxu?Llk"

    loses_positions: ClassVar[bool] = True
    needs_a_store: ClassVar[bool] = True

    # Strikes that wait for their place.
    strikes_at: ClassVar[Mapping[str, set[str]]] = {
        "hears no more": {"before send offsets", "before end", "after end"}
    }

    # A mutation puts its own in their place.
    runner_class: ClassVar[type[Runner[str, str, Any]]] = Runner
    log_class: ClassVar[type[MemoryLog]] = MemoryLog

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.broker = self.new_broker()
        self.metrics = Metrics()
        self.processes: list[Process] = []
        self.zombies: list[Process] = []
        self.unclean_ends: Counter[tuple[TopicPartition, int]] = Counter()
        self.lane_of: dict[str, int] = {}
        self.limits = LIMITS
        self.seen: tuple[object, ...] = ()
        self.store_is_away = False
        self.readers_are_behind = False
        self.a_position_is_away = False
        self.refused: Counter[str] = Counter()

    # What a subclass for another log says otherwise

    def log_of(self, process: Process) -> Log[Any]:
        return process.log

    def new_broker(self) -> MemoryBroker:
        return MemoryBroker(
            "in", partitions=PARTITIONS, retries=[RETRY], clock=self.clock, now=self.now
        )

    def check(self) -> None:
        raise NotImplementedError

    def state(self) -> tuple[object, ...]:
        """All that `check` looks at."""
        broker = self.broker
        return (
            tuple(broker.positions.items()),
            tuple(map(broker.visible_end, broker.lanes)),
            sum(map(len, broker.records.values())),
            sum(map(len, broker.appended.values())),
        )

    def look(self) -> None:
        """Check what has changed since the last look."""
        if (state := self.state()) != self.seen:
            self.check()
            self.seen = state

    def codec(self) -> Codec[str, str, Any]:
        return TextCodec()

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.clock.seconds)

    def feed(self, kind: str, lane: int) -> None:
        if kind not in self.kinds:
            return
        record = f"{kind}{len(self.lane_of)}"
        self.lane_of[record] = lane
        value = b"\xff" + record.encode() if kind == "?" else record.encode()
        self.broker.append(value, partition=lane, key=str(lane).encode())

    def started(self, slot: int) -> Process:
        process = Process(slot, self.log_class(self.broker, slot=slot), self.decide)
        process.worker.begun = kill
        process.log.point = lambda name: self.pass_point(process, name)
        process.runner = self.runner_class(
            Joined(self.log_of(process), process),
            self.codec(),
            process.worker,
            self.limits,
            service="tests",
            version="1",
            metrics=self.metrics,
            retries=RETRIES,
            held_back=lambda: self.readers_are_behind,
            owning=process.owns,
            now=self.now,
            clock=lambda: process.time(self.clock),
            uniform=lambda: 0.5,
        )
        self.log_of(process).subscribe(process.runner)
        return process

    def decide(self, process: Process, record: str, tries: int) -> None:
        """End a try as its record asks, or as the store that some of them need."""
        if self.needs_a_store and self.store_is_away and needs_the_store(record):
            self.refused[record] += 1
            process.worker.fail(record, Unavailable("store"))
        else:
            decide(process.worker, record, tries)

    def run(self, process: Process) -> list[ExitCode]:
        """One turn; return why the process stopped, if it did. Its supervisor starts it again."""
        if process.busy:
            return []
        process.busy = True
        try:
            process.runner.tick()
        except Crash:
            self.kill(process)
        except Stop as stop:
            self.end(process, stop)
            return [stop.code]
        finally:
            process.busy = False
        return []

    def work(self, process: Process, *, slow: int = -1) -> None:
        self.clock.advance(0.2)
        for record, tries in unfinished(process.worker):
            if self.lane_of[record] != slow:
                self.decide(process, record, tries)
        self.run(process)

    def drain(self, process: Process, *, ends: int) -> None:
        """Tell a process to stop: so many of its records still end."""
        process.draining, process.ends_left = True, ends
        process.runner.stop()
        self.end(process)

    def end(self, process: Process, why: Stop | None = None) -> None:
        """It ends in order, as far as it can; even then it may die, or be fenced."""
        process.busy = True
        lanes = list(process.log._next)
        self.has_a_reason(process, why)
        if why is not None and why.code is ExitCode.FENCED:
            self.end_uncleanly(process)
        process.stop = why
        try:
            process.runner.run()
        except Crash:
            self.end_uncleanly(process)
        except Stop as last:
            self.has_a_reason(process, last)
            if last.code in (ExitCode.UNAVAILABLE, ExitCode.DRAIN_TIMED_OUT):
                self.end_uncleanly(process, lanes)  # it could not say that it ended in order
        self.bury(process)

    def has_a_reason(self, process: Process, stop: Stop | None) -> None:
        """Hold a process to what can be the reason of its end."""
        match stop.code if stop else ExitCode.DRAINED:
            case ExitCode.DRAINED | ExitCode.FENCED:
                good = True
            case ExitCode.UNAVAILABLE:
                good = process.deaf or bool(self.refused)
            case ExitCode.FUSE_BLOWN:
                bad = [record for record in self.lane_of if record[0] in "dx?Lk"]
                most = len({*bad, *self.refused}) * max(1, process.changes)
                good = most >= LIMITS.fuse_in_a_row
            case ExitCode.POSITION_LOST:
                good = self.a_position_is_away
            case ExitCode.DRAIN_TIMED_OUT:
                good = process.draining
            case _:
                good = False
        if not good:
            raise AssertionError("a process stopped for no good reason") from stop

    def kill(self, process: Process) -> None:
        """It dies where it stands."""
        self.end_uncleanly(process)
        self.bury(process)

    def bury(self, process: Process) -> None:
        """It is no more; its successor starts."""
        process.strike = ""
        if process in self.zombies:
            self.zombies.remove(process)
        elif process in self.processes:
            self.processes[process.slot] = self.started(process.slot)

    def replace(self, process: Process) -> None:
        """Another process takes the slot while this one believes that it has it."""
        if process in self.processes:
            self.end_uncleanly(process)
            self.zombies.append(process)
            self.processes[process.slot] = self.started(process.slot)

    def expel(self, process: Process) -> None:
        self.end_uncleanly(process)
        self.broker.expel(process.log)

    def stand_still(self, seconds: float) -> None:
        for process in (*self.processes, *self.zombies):
            self.end_uncleanly(process)
        self.clock.advance(seconds)

    def end_uncleanly(
        self, process: Process, lanes: Collection[TopicPartition] | None = None
    ) -> None:
        """Note the record that stands first in each of its partitions: the end may be its fault."""
        for at in process.log._next if lanes is None else lanes:
            position = self.broker.positions.get(at)
            for message in self.broker.records[at][position:] if position is not None else ():
                if message is not None:
                    self.unclean_ends[at, message.offset] += 1
                    break

    def pass_point(self, process: Process, name: str) -> None:
        self.look()
        if name == "before abort":  # it may be a farewell
            self.end_uncleanly(process)
        places = self.strikes_at.get(process.strike)
        if not process.strike or (places and name not in places):
            return
        if places:
            process.points_left = min(process.points_left, max(1, len(places) - 1))
        if process.points_left:
            process.points_left -= 1
            return
        what, process.strike = process.strike, ""
        self.hit(process, what, name)

    def hit(self, process: Process, what: str, name: str) -> None:
        """Let it happen, and the others work on, before the process goes on."""
        match what:
            case "is aborted":
                process.log.aborts += 1
                return
            case "dies":
                raise Crash(name)
            case "hears no more":
                # The commit's deadline: nobody knows whether it happened.
                self.end_uncleanly(process)
                process.deaf = True
                raise Stop(ExitCode.UNAVAILABLE, "Kafka does not answer")
            case "is expelled":
                self.expel(process)
            case "is replaced":
                self.replace(process)
            case _:
                self.stand_still(TRANSACTION_SECONDS)
        for _ in range(4):
            for other in list(self.processes):
                if other is not process:
                    self.work(other)

    def appended(self, at: TopicPartition) -> list[tuple[str, bytes]]:
        key = str(at.partition).encode()
        return [
            (topic, out.value)
            for topic, outs in self.broker.appended.items()
            for out in outs
            if out.key == key
        ]


def needs_the_store(record: str) -> bool:
    return record[0] == "u" or (record[0] == "e" and int(record[1:]) % 3 == 0)
