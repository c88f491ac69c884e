"""Crash, replay, zombie, two writers and compaction, in any order, on each kind of table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar
from uuid import uuid4

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from msgspec import Struct

from pixelprose.lake import TableSpec
from pixelprose.objectstore import StoreSettings, open_store
from pixelprose.sink.delta import DeltaLakeTable, storage_options, table_in
from pixelprose.sink.guarded import Appended, Conflict, GuardedTable, Snapshot, Table
from pixelprose.sink.row import Row
from pixelprose.sink.testing import MemoryTable
from pixelprose.streamkit import TopicPartition

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LANES = (TopicPartition("captions", 0), TopicPartition("captions", 1))
APPS = {lane: f"cluster/topic/{lane.partition}" for lane in LANES}

WRITER, LANE = st.integers(0, 1), st.integers(0, 1)
BACK, LENGTH = st.integers(0, 4), st.integers(1, 3)


class Named(Struct, frozen=True, kw_only=True):
    ingest_date: date
    ingested_at: datetime
    row_id: str


NAMED = TableSpec(
    name="named",
    row=Named,
    sort_by=("row_id",),
    statistics=("ingested_at", "row_id"),
    looked_up=("row_id",),
)


def row(lane: int, offset: int, *, identified: bool) -> Row:
    name = f"{lane}-{offset}"
    values = Named(ingest_date=NOON.date(), ingested_at=NOON, row_id=name)
    return Row(LANES[lane], offset, values, row_id=name if identified else "")


@dataclass
class Asleep(Table):
    """A table as a writer sees it that looked, slept, and goes on with what it saw."""

    seen: Snapshot | None
    table: Table

    def snapshot(self) -> Snapshot:
        found, self.seen = self.seen or self.table.snapshot(), None
        return found


class Schedule(RuleBasedStateMachine):
    """Two writers, each with a filter of its own; every record has one row in the end."""

    guarded: ClassVar[type[GuardedTable]] = GuardedTable
    identified: ClassVar[bool]
    """Whether rows have ids; else the table must know them by their positions alone."""

    def __init__(self) -> None:
        super().__init__()
        self.table = self.new_table()
        self.writers = [self.guarded(self.opened(), APPS) for _ in range(2)]
        self.asleep: list[tuple[Asleep, list[Row]]] = []
        self.positions = [0, 0]
        self.ends = [0, 0]

    def new_table(self) -> Table:
        raise NotImplementedError

    def opened(self) -> Table:
        """The same table, as a process of its own has it."""
        raise NotImplementedError

    def compacted(self) -> None:
        raise NotImplementedError

    def names(self) -> Sequence[str]:
        raise NotImplementedError

    @rule(writer=WRITER, lane=LANE, back=BACK, length=LENGTH)
    def bring(self, writer: int, lane: int, back: int, length: int) -> None:
        """Also what was brought before, as after a rebalance; and move the position."""
        rows = self.read(lane, back, length)
        self.writers[writer].append(rows)
        self.positions[lane] = max(self.positions[lane], rows[-1].offset + 1)

    @rule(writer=WRITER, lane=LANE, length=LENGTH)
    def die_before_the_position_moves(self, writer: int, lane: int, length: int) -> None:
        """The rows are there, and a new process knows nothing of it."""
        self.writers[writer].append(self.read(lane, 0, length))
        self.writers[writer] = self.guarded(self.opened(), APPS)

    @rule(lane=LANE, back=BACK, length=LENGTH)
    def fall_asleep(self, lane: int, back: int, length: int) -> None:
        """Between the look at the table and the append."""
        rows = self.read(lane, back, length)
        self.asleep.append((Asleep(self.table.snapshot(), self.table), rows))

    @rule()
    def wake_up(self) -> None:
        """Whoever slept longest goes on, though others own its partition by now."""
        if self.asleep:
            table, rows = self.asleep.pop(0)
            self.guarded(table, APPS).append(rows)

    @rule()
    def compact(self) -> None:
        """Put the rows into other files."""
        self.compacted()

    def read(self, lane: int, back: int, length: int) -> list[Row]:
        """Records from the position on, or from before it: a log goes back and never skips."""
        first = max(0, self.positions[lane] - back)
        self.ends[lane] = max(self.ends[lane], first + length)
        return [
            row(lane, offset, identified=self.identified) for offset in range(first, first + length)
        ]

    def teardown(self) -> None:
        while self.asleep:
            self.wake_up()
        for lane, end in enumerate(self.ends):
            self.positions[lane] = 0
            if end:
                self.bring(0, lane, 0, end)
        expected = [f"{lane}-{n}" for lane, end in enumerate(self.ends) for n in range(end)]
        assert sorted(self.names()) == sorted(expected)


class InMemory(Schedule):
    def new_table(self) -> MemoryTable:
        self.memory = MemoryTable()
        return self.memory

    def opened(self) -> MemoryTable:
        return self.memory

    def compacted(self) -> None:
        self.memory.compact()

    def names(self) -> Sequence[str]:
        return [one.values.row_id for one in self.memory.rows if isinstance(one.values, Named)]


class InDelta(Schedule):
    folder: ClassVar[Path]

    def new_table(self) -> DeltaLakeTable:
        self.delta = DeltaLakeTable(mkdtemp(dir=self.folder), NAMED, {})
        self.delta.create()
        return self.delta

    def opened(self) -> DeltaLakeTable:
        return DeltaLakeTable(self.delta.uri, NAMED, {})

    def handle(self) -> DeltaTable:
        return DeltaTable(self.delta.uri)

    def compacted(self) -> None:
        handle = self.handle()
        handle.optimize.compact()
        handle.create_checkpoint()

    def names(self) -> Sequence[str]:
        engine = QueryBuilder().register("t", self.handle())
        found = pa.table(engine.execute("select row_id from t").read_all())
        return [str(one) for one in found.column("row_id").to_pylist()]


class OnS3(InDelta):
    """The same in a store: a commit is a conditional put there, and no rename of a file."""

    store: ClassVar[StoreSettings]
    spec: TableSpec

    def new_table(self) -> DeltaLakeTable:
        self.spec = replace(NAMED, name=uuid4().hex)
        self.delta = self.opened()
        self.delta.create()
        return self.delta

    def opened(self) -> DeltaLakeTable:
        return table_in(open_store(self.store), self.store, self.spec)

    def handle(self) -> DeltaTable:
        return DeltaTable(self.delta.uri, storage_options=dict(storage_options(self.store)))


class ComparesOnce(GuardedTable):
    """A known bug: after a conflict, what was new before is appended."""

    def append(self, rows: Sequence[Row]) -> Appended:
        snapshot = self.table.snapshot()
        last = self._last(snapshot, {row.at for row in rows})
        new = [row for row in rows if row.offset > last.get(row.at, -1)]
        while new:
            try:
                snapshot.append(new, self._versions(new))
                break
            except Conflict:
                snapshot = self.table.snapshot()
        return Appended(len(new))


MACHINES = pytest.mark.parametrize(
    ("machine", "examples"), [(InMemory, 100), (InDelta, 10)], ids=["memory", "delta"]
)


def run(machine: type[Schedule], *, examples: int, **changed: object) -> None:
    changed_machine = type(machine.__name__, (machine,), changed)
    limits = settings(
        max_examples=examples,
        stateful_step_count=12,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(changed_machine, settings=limits)


@pytest.mark.parametrize("known_by", ["position", "row_id"])
@MACHINES
def test_every_record_has_one_row_whatever_happens_to_its_writers(
    machine: type[Schedule], examples: int, known_by: str, tmp_path: Path
) -> None:
    run(machine, examples=examples, identified=known_by == "row_id", folder=tmp_path)


@pytest.mark.real
def test_so_it_is_in_a_store(store: StoreSettings) -> None:
    run(OnS3, examples=4, identified=False, store=store)


@MACHINES
def test_a_writer_that_compares_once_is_caught(
    machine: type[Schedule], examples: int, tmp_path: Path
) -> None:
    bug = {"identified": False, "guarded": ComparesOnce, "folder": tmp_path}
    with pytest.raises(AssertionError):
        run(machine, examples=5 * examples, **bug)
