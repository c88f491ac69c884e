"""Two processes with a supervisor, whatever happens to them between their calls."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine
from tests.schedules.faults import (
    PARTITIONS,
    Process,
)
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
    fuse_in_a_row=10_000,
    fuse_window=10_000,
    unavailable_deadline_seconds=1e9,
    dead_letter_hold_seconds=2.0,
)


class Replicas(RuleBasedStateMachine):
    """Starts, turns, stops, kills and buries the processes; a subclass says what they promise."""

    kinds: ClassVar[str] = "ersdxu?Llk"

    loses_positions: ClassVar[bool] = True

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

    # What a subclass for another log says otherwise

    def log_of(self, process: Process) -> Log[Any]:
        return process.log

    def new_broker(self) -> MemoryBroker:
        return MemoryBroker(
            "in", partitions=PARTITIONS, retries=[RETRY], clock=self.clock, now=self.now
        )

    def check(self) -> None:
        raise NotImplementedError

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
        process = Process(slot, self.log_class(self.broker, slot=slot))
        process.worker.begun = kill
        process.log.point = lambda name: self.pass_point(process, name)
        process.runner = self.runner_class(
            self.log_of(process),
            self.codec(),
            process.worker,
            LIMITS,
            service="tests",
            version="1",
            metrics=self.metrics,
            retries=RETRIES,
            now=self.now,
            clock=self.clock,
            uniform=lambda: 0.5,
        )
        self.log_of(process).subscribe(process.runner)
        return process

    def run(self, process: Process, *allowed: ExitCode) -> list[ExitCode]:
        """One turn; return why the process stopped, if it did. Its supervisor starts it again."""
        if process.busy:
            return []
        process.busy = True
        try:
            process.runner.tick()
        except Crash:
            self.bury(process)
        except Stop as stop:
            if stop.code not in {ExitCode.FENCED, *allowed}:
                raise AssertionError("a process stopped for no good reason") from stop
            self.leave(process)
            return [stop.code]
        finally:
            process.busy = False
        return []

    def work(self, process: Process, *, slow: int = -1) -> None:
        self.clock.advance(0.2)
        for record, tries in unfinished(process.worker):
            if self.lane_of[record] != slow:
                decide(process.worker, record, tries)
        self.run(process)

    def leave(self, process: Process) -> None:
        """It leaves the group; even then it may die, or be fenced."""
        self.end_uncleanly(process)
        process.busy = True
        try:
            process.log.close()
        except Crash:
            pass
        except Stop as stop:
            if stop.code is not ExitCode.FENCED:
                raise AssertionError("a process stopped for no good reason") from stop
        self.bury(process)

    def bury(self, process: Process) -> None:
        """It is no more; its successor starts."""
        self.end_uncleanly(process)
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

    def end_uncleanly(self, process: Process) -> None:
        """Note the record that stands first in each of its partitions: the end may be its fault."""
        for at in process.log._next:
            position = self.broker.positions.get(at)
            for message in self.broker.records[at][position:] if position is not None else ():
                if message is not None:
                    self.unclean_ends[at, message.offset] += 1
                    break

    def pass_point(self, process: Process, name: str) -> None:
        self.check()
        if name == "before abort":  # it may be a farewell
            self.end_uncleanly(process)
        if not process.strike:
            return
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
