"""Two replicas of a service on a broker in memory, under every fault a schedule can bring."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from tests.schedules.faults import (
    BAD_ONES,
    ENDED,
    ENDS,
    LANES,
    NTH,
    OUTSIDE,
    PARTITIONS,
    RECORDS,
    REPLICAS,
    SECONDS,
    STRIKES,
    faults,
)
from tests.schedules.process import Process
from tests.schedules.replicas import LIMITS, WITHOUT_A_FUSE, Replicas
from tests.schedules.texts import (
    RETRY,
    again,
    expected,
    unfinished,
)

from pixelprose.streamkit import (
    ExitCode,
    Message,
    TopicPartition,
)
from pixelprose.streamkit.killers import ALONE_AFTER, CONDEMNED_AFTER
from pixelprose.streamkit.testing.memory_broker import (
    SESSION_SECONDS,
    TRANSACTION_SECONDS,
)

ROUNDS = 100
"""Turns of every process within which, without faults, some position moves on.

Not all of them together: a schedule may draw dozens of killers, and each of them ends its process
several times before it is condemned.
"""

PREFIX = "outputs are not those of the finished prefix"
AHEAD = "a position lies behind what is visible"
INNOCENT = "an innocent record is taken for a killer"
STANDS_STILL = "without further faults, work stands still"


class Group(Replicas):
    """Outputs are those of the finished prefix, at every instant; all comes to its end."""

    def condemned(self) -> set[bytes]:
        """Records taken for killers, such as kill or were where as many processes ended.

        Also those that the store refused to the end, while it served others.
        """
        letters = self.broker.appended["in.tests.dlq"]
        found = {out.value for out in letters if b"killer_record" in dict(out.headers).values()}
        for value in found:
            assert value.startswith(b"k") or self.blamed(value), INNOCENT
        given_up = {out.value for out in letters if b"unavailable" in dict(out.headers).values()}
        for value in given_up:
            first = value.startswith(b"u")  # whose first try fails wherever it is made
            assert self.refused[value.decode()] + first > 1, (
                "a record was given up that nobody refused"
            )
        return found | given_up

    def blamed(self, value: bytes) -> bool:
        """Whether a record was first at enough unclean ends, and others shortly before it.

        Records are tried alone after `ALONE_AFTER` ends at one position; from there on, over one
        window, each needs only the `CONDEMNED_AFTER` of its own.
        """
        span = LIMITS.max_in_flight_per_partition
        for at, lane in self.broker.records.items():
            for offset in (m.offset for m in lane if m is not None and m.value == value):
                ends = self.unclean_ends[at, offset]
                before = [self.unclean_ends[at, n] for n in range(offset - span + 1, offset)]
                if ends >= ALONE_AFTER + CONDEMNED_AFTER:
                    return True
                if ends >= CONDEMNED_AFTER and max(before, default=0) >= ALONE_AFTER:
                    return True
        return False

    def nothing_is_suspect(self) -> bool:
        deadly = any(record.startswith("k") for record in self.lane_of)
        return not deadly and max(self.unclean_ends.values(), default=0) < ALONE_AFTER

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

    @rule(lane=LANES, what=OUTSIDE)
    def outside(self, lane: int, what: str) -> None:
        match what:
            case "a transaction upstream opens":
                self.broker.hide(lane)
            case "it commits":
                self.broker.show(lane)
            case "it aborts":
                self.broker.discard(lane)
            case "one commits at once":
                self.broker.mark(lane)
            case "the store goes away" | "the store comes back":
                self.store_is_away = what == "the store goes away"
            case _:
                self.readers_are_behind = what == "readers of our outputs fall behind"

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
        """Records come, the loop turns, time passes, so many steps end, and the loop turns again.

        The fault happens in the middle of that or of a later turn, so many points on.
        """
        process = self.processes[who]
        if fault[0]:
            process.strike, process.points_left = fault
        self.begin(process, fed)
        self.clock.advance(seconds)
        for record, tries in unfinished(process.worker)[::-1][:ended]:
            self.decide(process, record, tries)
        self.run(process)

    @rule(nth=NTH, fed=RECORDS, ended=ENDED, fault=faults(*STRIKES))
    def a_process_is_told_to_stop(
        self, nth: int, fed: list[tuple[str, int]], ended: int, fault: tuple[str, int]
    ) -> None:
        """It drains; so many records still end. Perhaps it is one that was replaced."""
        everyone = [*self.processes, *self.zombies]
        process = everyone[nth % len(everyone)]
        self.begin(process, fed)
        if process not in (*self.processes, *self.zombies):
            return
        if fault[0]:
            process.strike, process.points_left = fault
        self.drain(process, ends=ended)

    def begin(self, process: Process, fed: list[tuple[str, int]]) -> None:
        """Records come, and the loop turns."""
        for kind, lane in fed:
            self.feed(kind, lane)
        self.run(process)

    @precondition(lambda self: self.zombies)
    @rule(nth=NTH)
    def a_zombie_goes_on(self, nth: int) -> None:
        zombie = self.zombies[nth % len(self.zombies)]
        for record, tries in unfinished(zombie.worker):
            self.decide(zombie, record, tries)
        self.run(zombie)

    # Faults

    @precondition(lambda self: self.needs_a_store)
    @rule(who=REPLICAS, fed=RECORDS, others=st.integers(0, 2), stays=st.booleans())
    def the_store_is_away_for_long(
        self, who: int, fed: list[tuple[str, int]], others: int, *, stays: bool
    ) -> None:
        """What needs it is refused past the deadline; others come and are served meanwhile."""
        process = self.processes[who]
        self.store_is_away = True
        self.begin(process, fed)
        for _ in range(3):
            self.clock.advance(LIMITS.unavailable_deadline_seconds / 2)
            self.begin(process, [("e", lane) for lane in range(others)])
            for record, tries in unfinished(process.worker)[::-1]:
                self.decide(process, record, tries)
            self.run(process)
        self.store_is_away = stays

    @rule(who=REPLICAS, kinds=BAD_ONES, ended=ENDED)
    def bad_records_come_in_a_row(self, who: int, kinds: list[str], ended: int) -> None:
        """Enough of them to blow the fuse; some records may end well before."""
        process = self.processes[who]
        for record, tries in unfinished(process.worker)[:ended]:
            self.decide(process, record, tries)
        self.begin(process, [(kind, n % PARTITIONS) for n, kind in enumerate(kinds)])
        self.work(process)

    @rule(who=REPLICAS, how=ENDS)
    def a_process(self, who: int, how: str) -> None:
        """Something happens to a process between two turns."""
        process = self.processes[who]
        match how:
            case "dies, and the group notices":
                self.broker.expel(process.log)
                self.kill(process)
            case "dies unnoticed":
                self.kill(process)
            case "is replaced, and does not know it":
                self.replace(process)
            case "gets other partitions":
                self.broker.rebalance(first=1 - who)
            case "stands still, as all do":
                self.stand_still(SESSION_SECONDS)
            case _:
                self.expel(process)

    @precondition(lambda self: self.loses_positions)
    @rule(lane=LANES)
    def a_position_is_lost(self, lane: int) -> None:
        """Its next reader stops, and guesses nothing; a person puts the position back."""
        at = self.broker.lanes[lane]
        for process in self.processes:
            self.end_uncleanly(process)
        position = self.broker.positions.pop(at)
        codes = []
        self.readers_are_behind, self.limits = False, WITHOUT_A_FUSE
        self.a_position_is_away = True
        self.zombies.clear()
        for member in list(self.broker.members):
            self.broker.expel(member)
        for process in list(self.processes):
            self.kill(process)
        for who in (0, 1) * 3:
            codes += self.run(self.processes[who])
        assert at not in self.broker.positions, "a position was guessed"
        self.limits, self.a_position_is_away = LIMITS, False
        self.broker.positions[at] = position
        for process in list(self.processes):
            self.broker.expel(process.log)
            self.kill(process)
        assert ExitCode.POSITION_LOST in codes, "nobody missed a position that is lost"
        self.check()

    # After some unclean ends records are tried one at a time, and the slow one holds all.
    @precondition(lambda self: self.nothing_is_suspect())
    @rule(lane=LANES)
    def a_slow_record_holds_its_own_partition_alone(self, lane: int) -> None:
        others = [at for at in self.broker.lanes[:PARTITIONS] if at.partition != lane]
        self.bring_to_an_end(others, slow=lane)

    # What must hold

    @invariant()
    def outputs_are_those_of_the_finished_prefix(self) -> None:
        self.look()

    def teardown(self) -> None:
        """Without further faults everything comes to its end."""
        self.stand_still(TRANSACTION_SECONDS)
        if not self.processes:
            return
        for lane in range(PARTITIONS):
            self.broker.show(lane)
        self.bring_to_an_end(self.broker.lanes)
        self.check()

    def bring_to_an_end(self, lanes: list[TopicPartition], *, slow: int = -1) -> None:
        """Let everybody work undisturbed until these partitions are done; none is left behind."""
        self.store_is_away = self.readers_are_behind = False
        self.limits = WITHOUT_A_FUSE
        for lane in range(PARTITIONS):
            self.feed("e", lane)
        still, before = 0, dict(self.broker.positions)
        while still < ROUNDS:
            for dead in set(self.broker.members) - {process.log for process in self.processes}:
                self.broker.expel(dead)
            for process in list(self.processes):
                process.strike, process.log.aborts = "", 0
                self.work(process, slow=slow)
            if all(self.broker.positions[at] == self.broker.visible_end(at) for at in lanes):
                self.limits = LIMITS
                return
            still = still + 1 if before == self.broker.positions else 0
            before = dict(self.broker.positions)
        raise AssertionError(STANDS_STILL)
