"""Two sinks on one table: the group's schedules, and faults of the table between its calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
from hypothesis.stateful import rule
from tests.schedules.faults import (
    ENDED,
    NTH,
    PARTITIONS,
    RECORDS,
    REPLICAS,
    SECONDS,
    STRIKES,
    faults,
)
from tests.schedules.group import AHEAD, PREFIX, Group
from tests.schedules.process import Process

from pixelprose.sink.admission import Owners
from pixelprose.sink.guarded import AppId, Conflict, GuardedTable, Snapshot, Table
from pixelprose.sink.reading import as_they_are
from pixelprose.sink.recent import RecentRows
from pixelprose.sink.refused import Refusals
from pixelprose.sink.row import Row
from pixelprose.sink.table_log import UNTOLD, TableLog
from pixelprose.sink.testing import MemoryTable
from pixelprose.streamkit import Codec, Log, Message, Reject, TopicPartition, Unavailable
from pixelprose.streamkit.testing import TextCodec

STRIKES_AT = {
    "meets another commit": {"before append"},
    "is overtaken": {"after snapshot"},
    "is compacted": {"before append"},
    "gets no answer": {"before snapshot", "after snapshot", "before append", "after append"},
    "gets none until the deadline": {"before snapshot", "before append", "after append"},
}
"""Faults that wait for their place."""


@dataclass(frozen=True)
class PointedSnapshot(Snapshot):
    """A snapshot with a point before and after its append."""

    inner: Snapshot
    point: Callable[[str], None]

    def version_of(self, app: AppId) -> int | None:
        return self.inner.version_of(app)

    def owners(self, rows: Sequence[Row], *, since: object | None) -> Owners:
        return self.inner.owners(rows, since=since)

    def newest(self, after: object | None, *, limit: int) -> tuple[Mapping[str, Any], object]:
        return self.inner.newest(after, limit=limit)

    def append(self, rows: Sequence[Row], versions: Mapping[AppId, int]) -> None:
        self.point("before append")
        self.inner.append(rows, versions)
        self.point("after append")


@dataclass(frozen=True)
class PointedTable(Table):
    """A table with a point before and after each look at it."""

    inner: Table
    point: Callable[[str], None]

    def snapshot(self) -> Snapshot:
        self.point("before snapshot")
        found = self.inner.snapshot()
        self.point("after snapshot")
        return PointedSnapshot(found, self.point)


class Text(msgspec.Struct, frozen=True):
    """What a row holds."""

    text: str


class RowTexts:
    """Records are texts, and each is a row with its text.

    The rows have no row_id: the table must know them by their positions alone.
    """

    def decode(self, message: Message) -> str:
        return TextCodec().decode(message)

    def encode(self, record: str, cause: Message) -> Row:
        return Row(cause.at, cause.offset, Text(record))

    def reject(self, rejected: Reject[str], record: str, cause: Message) -> Row:
        raise TypeError(rejected, record, cause)


def app(topic: int, at: TopicPartition) -> AppId:
    return f"cluster/topic {topic}/{at.partition}"


class Sinks(Group):
    """No record has two rows, and no position lies behind a row that is not there."""

    kinds: ClassVar[str] = "esdxu?"
    needs_a_store: ClassVar[bool] = False
    strikes_at: ClassVar[Mapping[str, set[str]]] = {**Group.strikes_at, **STRIKES_AT}
    recent_rows: ClassVar[int] = 100

    # A mutation puts its own in their place.
    table_class: ClassVar[Callable[[Table], Table]] = staticmethod(lambda table: table)
    guarded_class: ClassVar[type[GuardedTable]] = GuardedTable
    table_log_class: ClassVar[type[TableLog[Row]]] = TableLog
    app_of: ClassVar[Callable[[int, TopicPartition], AppId]] = staticmethod(app)

    def __init__(self) -> None:
        super().__init__()
        self.table = MemoryTable()
        self.topics = 1
        self.rows_of_older_topics = 0
        self.logs: dict[Process, TableLog[Row]] = {}

    def log_of(self, process: Process) -> Log[Any]:
        if process not in self.logs:
            table = PointedTable(self.table, lambda name: self.pass_point(process, name))
            apps = {at: type(self).app_of(self.topics, at) for at in self.broker.lanes}
            guarded = self.guarded_class(
                type(self).table_class(table), apps, RecentRows(self.recent_rows)
            )
            self.logs[process] = self.table_log_class(
                process.log,
                guarded,
                reading=as_they_are,
                deadline_seconds=0.5,
                refusals=self.refusals(),
                clock=self.clock,
            )
        return self.logs[process]

    def codec(self) -> Codec[str, str, Row]:
        return RowTexts()

    def refusals(self) -> Refusals:
        return UNTOLD

    def rows_due(self, records: Sequence[Message]) -> set[int]:
        """Offsets of a partition's records that must become rows."""
        return {m.offset for m in records if row_due(m)}

    def state(self) -> tuple[object, ...]:
        return self.topics, len(self.table.rows), *super().state()

    def check(self) -> None:
        doomed = self.condemned()
        for at in self.broker.lanes[:PARTITIONS]:
            found_rows = self.table.rows[self.rows_of_older_topics :]
            rows = [row.offset for row in found_rows if row.at == at]
            assert len(rows) == len(set(rows)), "a record has two rows"
            position = self.broker.positions.get(at, 0)
            assert position <= self.broker.visible_end(at), AHEAD
            records = [m for m in self.broker.records[at] if m is not None]
            condemned = {m.offset for m in records if m.value in doomed}
            due = self.rows_due(records) - condemned
            end = max([position, *(offset + 1 for offset in rows)])
            wanted = {offset for offset in due if offset < end}
            assert set(rows) - condemned == wanted, (
                "rows are not those of a prefix that holds the finished one"
            )
            letters = [
                m.value
                for m in records
                if (letter_due(m) or m.offset in condemned) and m.offset < position
            ]
            found = [value for topic, value in self.appended(at) if topic == "in.tests.dlq"]
            if at in self.broker.positions:
                assert sorted(found) == sorted(letters), PREFIX

    @rule(
        who=REPLICAS,
        fed=RECORDS,
        ended=ENDED,
        seconds=SECONDS,
        fault=faults(*STRIKES) | faults(*STRIKES_AT),
    )
    def turn(
        self,
        who: int,
        fed: list[tuple[str, int]],
        ended: int,
        seconds: float,
        fault: tuple[str, int],
    ) -> None:
        """As in any group, and the table's store has faults of its own."""
        super().turn(who, fed, ended, seconds, fault)

    @rule(nth=NTH, fed=RECORDS, ended=ENDED, fault=faults(*STRIKES) | faults(*STRIKES_AT))
    def a_process_is_told_to_stop(
        self, nth: int, fed: list[tuple[str, int]], ended: int, fault: tuple[str, int]
    ) -> None:
        """As in any group, and the table's store has faults of its own."""
        super().a_process_is_told_to_stop(nth, fed, ended, fault)

    @rule(who=REPLICAS)
    def a_commit_is_overtaken(self, who: int) -> None:
        """Between look and append, the next owner of its partitions appends the same rows."""
        process = self.processes[who]
        for lane in range(PARTITIONS):
            self.feed("e", lane)
        process.strike, process.points_left = "is overtaken", 0
        for _ in range(3):
            self.work(process)

    @rule()
    def the_topic_is_made_anew(self) -> None:
        """Offsets begin at 0 again, and what is written there is new."""
        self.zombies.clear()
        self.broker = self.new_broker()
        self.unclean_ends.clear()
        self.topics += 1
        self.rows_of_older_topics = len(self.table.rows)
        self.processes = [self.started(0), self.started(1)]

    def hit(self, process: Process, what: str, name: str) -> None:
        match what:
            case "meets another commit":
                # A DELETE or a change of the schema lands between look and append.
                raise Conflict("a DELETE came between")
            case "is compacted":
                # Other files, the same rows and positions: only the filter reads them anew.
                self.table.compact()
            case "is overtaken":
                # The next owner of its partitions writes the same rows between look and append.
                super().hit(process, "is expelled", name)
            case "gets no answer":
                # After the append: it is there, and nobody knows.
                raise Unavailable("table", name)
            case "gets none until the deadline":
                process.strike, process.deaf = what, True
                raise Unavailable("table", name)
            case _:
                super().hit(process, what, name)


def row_due(message: Message) -> bool:
    return message.value[:1] in {b"e", b"u"}


def letter_due(message: Message) -> bool:
    return message.value[:1] in {b"d", b"x", b"\xff"}
