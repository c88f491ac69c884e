"""Two replicas of a service on a broker in memory, under every fault a schedule can bring."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.schedules.faults import (
    ENDED,
    ENDS,
    LANES,
    NTH,
    PARTITIONS,
    RECORDS,
    REPLICAS,
    SECONDS,
    STRIKES,
    Process,
    faults,
)
from tests.schedules.texts import (
    RETRIES,
    RETRY,
    Crash,
    again,
    decide,
    expected,
    kill,
    unfinished,
)

from pixelprose.streamkit import (
    Codec,
    ExitCode,
    Log,
    Message,
    Metrics,
    Runner,
    RunnerSettings,
    Stop,
    TopicPartition,
)
from pixelprose.streamkit.killers import ALONE_AFTER, CONDEMNED_AFTER
from pixelprose.streamkit.testing import HandClock, MemoryBroker, MemoryLog, TextCodec
from pixelprose.streamkit.testing.memory_broker import (
    EPOCH,
    SESSION_SECONDS,
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
ROUNDS = 100
"""Turns of every process within which, without faults, everything comes to its end."""

PREFIX = "outputs are not those of the finished prefix"
AHEAD = "a position lies behind what is visible"
STANDS_STILL = "without further faults, work stands still"


class Group(RuleBasedStateMachine):
    """Outputs are those of the finished prefix, at every instant; all comes to its end."""

    kinds: ClassVar[str] = "ersdxu?Llk"

    loses_positions: ClassVar[bool] = True

    # A mutation puts its own in their place.
    runner_class: ClassVar[type[Runner[str, str, Any]]] = Runner
    log_class: ClassVar[type[MemoryLog]] = MemoryLog

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.broker = MemoryBroker(
            "in", partitions=PARTITIONS, retries=[RETRY], clock=self.clock, now=self.now
        )
        self.metrics = Metrics()
        self.processes: list[Process] = []
        self.zombies: list[Process] = []
        self.unclean_ends = 0
        self.lane_of: dict[str, int] = {}

    # What a subclass for another log says otherwise

    def log_of(self, process: Process) -> Log[Any]:
        return process.log

    def codec(self) -> Codec[str, str, Any]:
        return TextCodec()

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.clock.seconds)

    def condemned(self) -> set[bytes]:
        """Records taken for killers; that needs as many other unclean ends as a killer makes."""
        letters = self.broker.appended["in.tests.dlq"]
        found = {out.value for out in letters if b"killer_record" in dict(out.headers).values()}
        innocent = {value for value in found if not value.startswith(b"k")}
        deadly = any(record.startswith("k") for record in self.lane_of)
        least = CONDEMNED_AFTER if deadly else ALONE_AFTER + CONDEMNED_AFTER
        assert not innocent or self.unclean_ends >= least, (
            "an innocent record is taken for a killer"
        )
        return found

    def check(self) -> None:
        """Every record of the finished prefix has its ends, in order, and no other has any."""
        condemned = self.condemned()
        for at in self.broker.lanes[:PARTITIONS]:
            position = self.broker.positions.get(at)
            if position is None:
                continue  # lost, see `a_position_is_lost`
            assert position <= self.broker.visible_end(at), AHEAD
            records = self.broker.records[at][:position]
            wanted = [end for m in records if m is not None for end in self.ends(m, condemned)]
            wanted += [end for m in self.brought_back(at) for end in again(m, condemned)]
            found = self.appended(at)
            assert sorted(found) == sorted(wanted), PREFIX
            assert [v for t, v in found if t == "out"] == [v for t, v in wanted if t == "out"], (
                "outputs of one key are out of order"
            )

    def ends(self, message: Message, condemned: set[bytes]) -> list[tuple[str, bytes]]:
        """What a record of `in` must append, once."""
        put_off = any(out.value == message.value for out in self.broker.appended[RETRY])
        return expected(message.value, set() if put_off else condemned)

    def brought_back(self, at: TopicPartition) -> list[Message]:
        """Records of a partition that ended after they had been put off."""
        retry = TopicPartition(RETRY, 0)
        done = self.broker.records[retry][: self.broker.positions[retry]]
        key = str(at.partition).encode()
        return [m for m in done if m is not None and m.key == key]

    # What happens outside

    @initialize(records=RECORDS)
    def start(self, records: list[tuple[str, int]]) -> None:
        for kind, lane in records:
            self.feed(kind, lane)
        self.processes = [self.started(0), self.started(1)]

    @rule(lane=LANES, what=st.sampled_from(["opens", "commits", "aborts", "committed at once"]))
    def an_upstream_transaction(self, lane: int, what: str) -> None:
        match what:
            case "opens":
                self.broker.hide(lane)
            case "commits":
                self.broker.show(lane)
            case "aborts":
                self.broker.discard(lane)
            case _:
                self.broker.mark(lane)

    # What the processes do

    @rule(who=REPLICAS, fed=RECORDS, ended=ENDED, seconds=SECONDS, fault=faults(*STRIKES))
    def turn(
        self,
        who: int,
        fed: list[tuple[str, int]],
        ended: int,
        seconds: float,
        fault: tuple[str, int],
    ) -> None:
        """Records come, time passes, so many steps end, and the loop turns once.

        The fault happens in the middle of that turn or of a later one, so many points on.
        """
        for kind, lane in fed:
            self.feed(kind, lane)
        process = self.processes[who]
        if fault[0]:
            process.strike, process.points_left = fault
        self.clock.advance(seconds)
        for record, tries in unfinished(process.worker)[::-1][:ended]:
            decide(process.worker, record, tries)
        self.run(process)

    @precondition(lambda self: self.zombies)
    @rule(nth=NTH)
    def a_zombie_goes_on(self, nth: int) -> None:
        zombie = self.zombies[nth % len(self.zombies)]
        for record, tries in unfinished(zombie.worker):
            decide(zombie.worker, record, tries)
        self.run(zombie)

    # Faults

    @rule(who=REPLICAS, how=ENDS)
    def a_process(self, who: int, how: str) -> None:
        """Something happens to a process between two turns."""
        process = self.processes[who]
        self.unclean_ends += 1
        match how:
            case "dies, and the group notices":
                self.broker.expel(process.log)
                self.bury(process)
            case "dies unnoticed":
                self.bury(process)
            case "is replaced, and does not know it":
                self.replace(process)
            case "gets other partitions":
                self.broker.rebalance(first=1 - who)
            case "stands still, as all do":
                self.clock.advance(SESSION_SECONDS)
            case "leaves":
                process.log.close()
                self.bury(process)
            case _:
                self.broker.expel(process.log)

    @precondition(lambda self: self.loses_positions)
    @rule(lane=LANES)
    def a_position_is_lost(self, lane: int) -> None:
        """Its next reader stops, and guesses nothing; a person puts the position back."""
        at = self.broker.lanes[lane]
        position = self.broker.positions.pop(at)
        codes = []
        self.zombies.clear()
        for member in list(self.broker.members):
            self.broker.expel(member)
        for process in list(self.processes):
            self.bury(process)
        for who in (0, 1) * 3:
            codes += self.run(self.processes[who], ExitCode.POSITION_LOST)
        assert at not in self.broker.positions, "a position was guessed"
        self.broker.positions[at] = position
        for process in list(self.processes):
            self.broker.expel(process.log)
            self.bury(process)
        assert ExitCode.POSITION_LOST in codes, "nobody missed a position that is lost"
        self.check()

    # After some unclean ends records are tried one at a time, and the slow one holds all.
    @precondition(lambda self: self.unclean_ends < ALONE_AFTER)
    @rule(lane=LANES)
    def a_slow_record_holds_its_own_partition_alone(self, lane: int) -> None:
        self.unclean_ends += 1
        others = [at for at in self.broker.lanes[:PARTITIONS] if at.partition != lane]
        self.bring_to_an_end(others, slow=lane)

    # What must hold

    @invariant()
    def outputs_are_those_of_the_finished_prefix(self) -> None:
        self.check()

    def teardown(self) -> None:
        """Without further faults everything comes to its end."""
        self.clock.advance(TRANSACTION_SECONDS)
        if not self.processes:
            return
        for lane in range(PARTITIONS):
            self.broker.show(lane)
        self.bring_to_an_end(self.broker.lanes)
        self.check()

    def bring_to_an_end(self, lanes: list[TopicPartition], *, slow: int = -1) -> None:
        """Let everybody work undisturbed until these partitions are done; none is left behind."""
        for lane in range(PARTITIONS):
            self.feed("e", lane)
        for _ in range(ROUNDS):
            for dead in set(self.broker.members) - {process.log for process in self.processes}:
                self.broker.expel(dead)
            for process in list(self.processes):
                process.strike, process.log.aborts = "", 0
                self.work(process, slow=slow)
            if all(self.broker.positions[at] == self.broker.visible_end(at) for at in lanes):
                return
        raise AssertionError(STANDS_STILL)

    # How it is done

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
        except Crash as crash:
            self.unclean_ends -= str(crash).startswith("k")
            self.bury(process)
        except Stop as stop:
            if stop.code not in {ExitCode.FENCED, *allowed}:
                raise AssertionError("a process stopped for no good reason") from stop
            process.log.close()
            self.bury(process)
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

    def bury(self, process: Process) -> None:
        """It is no more; its successor starts."""
        self.unclean_ends += 1
        process.strike = ""
        if process in self.zombies:
            self.zombies.remove(process)
        elif process in self.processes:
            self.processes[process.slot] = self.started(process.slot)

    def replace(self, process: Process) -> None:
        """Another process takes the slot while this one believes that it has it."""
        if process in self.processes:
            self.zombies.append(process)
            self.processes[process.slot] = self.started(process.slot)

    def pass_point(self, process: Process, name: str) -> None:
        self.check()
        if not process.strike:
            return
        if process.points_left:
            process.points_left -= 1
            return
        what, process.strike = process.strike, ""
        self.hit(process, what, name)

    def hit(self, process: Process, what: str, name: str) -> None:
        """Let it happen, and the others work on, before the process goes on."""
        self.unclean_ends += 1
        match what:
            case "is aborted":
                process.log.aborts += 1
                return
            case "dies":
                raise Crash(name)
            case "is expelled":
                self.broker.expel(process.log)
            case "is replaced":
                self.replace(process)
            case _:
                self.clock.advance(TRANSACTION_SECONDS)
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
