"""A kept handle says what a new one would, whatever others did to the table and its log."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import DeltaError
from deltalake.schema import PrimitiveType
from msgspec import Struct

from pixelprose.lake import TableSpec
from pixelprose.sink import delta
from pixelprose.sink.delta import DeltaLakeTable
from pixelprose.sink.guarded import Conflict, GuardedTable
from pixelprose.sink.kept import KeptHandle
from pixelprose.sink.row import Row
from pixelprose.streamkit import TopicPartition, Unavailable

DAY = date(2026, 1, 2)
OURS, THEIRS = LANES = (TopicPartition("captions", 0), TopicPartition("captions", 1))
APPS = {lane: f"cluster/topic/{lane.partition}" for lane in LANES}


class Tiny(Struct, frozen=True, kw_only=True):
    ingest_date: date
    name: str


TINY = TableSpec("tiny", Tiny, sort_by=("name",), statistics=("name",), looked_up=("name",))


def row(offset: int, lane: TopicPartition = OURS) -> Row:
    return Row(lane, offset, Tiny(ingest_date=DAY, name=f"{lane.partition}-{offset}"))


@pytest.fixture
def table(tmp_path: Path) -> DeltaLakeTable:
    return made(tmp_path / "tiny")


def made(folder: Path) -> DeltaLakeTable:
    table = DeltaLakeTable(str(folder), TINY, {})
    table.create()
    return table


def append(table: DeltaLakeTable, offset: int, lane: TopicPartition = OURS) -> None:
    assert GuardedTable(table, APPS).append([row(offset, lane)]).new == 1


def last(table: DeltaLakeTable) -> dict[int, int]:
    found = GuardedTable(table, APPS).last(LANES)
    return {lane.partition: offset for lane, offset in found.items()}


def said(handle: DeltaTable) -> Sequence[object]:
    """Everything that a look asks of its handle."""
    return (
        handle.metadata().id,
        handle.version(),
        handle.schema(),
        sorted(handle.file_uris()),
        [handle.transaction_version(app) for app in APPS.values()],
    )


def others(uri: str) -> DeltaLakeTable:
    """The table as another process has it."""
    return DeltaLakeTable(uri, TINY, {})


def commits(uri: str) -> list[Path]:
    return sorted(Path(uri, "_delta_log").glob("*[0-9].json"))


def appends(uri: str) -> None:
    for offset in range(3):
        append(others(uri), offset, THEIRS)


def compacts(uri: str) -> None:
    DeltaTable(uri).optimize.compact()


def deletes(uri: str) -> None:
    DeltaTable(uri).delete("name = '0-0'")


def adds_a_column(uri: str) -> None:
    DeltaTable(uri).alter.add_columns([Field("more", PrimitiveType("string"), nullable=True)])


def checkpoints(uri: str) -> None:
    DeltaTable(uri).create_checkpoint()


def vacuums(uri: str) -> None:
    compacts(uri)
    DeltaTable(uri).vacuum(0, dry_run=False, enforce_retention_duration=False)


def cleans_the_log_up(uri: str) -> None:
    appends(uri)
    checkpoints(uri)
    for commit in commits(uri)[:-1]:
        commit.unlink()


def all_of_it(uri: str) -> None:
    for work in (adds_a_column, cleans_the_log_up, deletes, vacuums, checkpoints):
        work(uri)


WORKS = (
    appends,
    compacts,
    deletes,
    adds_a_column,
    checkpoints,
    vacuums,
    cleans_the_log_up,
    all_of_it,
)


@pytest.mark.parametrize("work", WORKS)
def test_a_kept_handle_is_as_one_that_was_opened_anew(
    table: DeltaLakeTable, work: Callable[[str], None]
) -> None:
    handles = KeptHandle(table.uri, {})
    for offset in range(3):
        append(table, offset)
    lent = handles.lend()
    handles.give_back(lent)
    work(table.uri)
    assert said(handles.lend().handle) == said(DeltaTable(table.uri))


@pytest.mark.parametrize("work", WORKS)
def test_a_sink_goes_on_after_what_others_did(
    table: DeltaLakeTable, work: Callable[[str], None]
) -> None:
    sink = GuardedTable(table, APPS)
    sink.append([row(0)])
    work(table.uri)
    assert sink.append([row(0), row(1)]).new == 1
    assert sink.append([row(1)]).new == 0


def test_the_next_look_has_the_handle_of_the_commit_before(table: DeltaLakeTable) -> None:
    handles = KeptHandle(table.uri, {})
    first = handles.lend()
    handles.give_back(first)
    append(table, 0)
    again = handles.lend()
    assert again.handle is first.handle
    assert again.handle.version() == 1


def test_a_handle_that_is_lent_is_lent_to_nobody_else(table: DeltaLakeTable) -> None:
    append(table, 0)
    zombie = table.snapshot()
    append(table, 1)
    append(table, 2)
    assert zombie.version_of(APPS[OURS]) == 0
    with pytest.raises(Conflict):
        zombie.append([row(1)], {APPS[OURS]: 1})
    assert last(table) == {0: 2}


def test_a_look_has_one_commit(table: DeltaLakeTable) -> None:
    look = table.snapshot()
    look.append([row(0)], {APPS[OURS]: 0})
    with pytest.raises(AttributeError):
        look.append([row(1)], {APPS[OURS]: 1})
    assert last(table) == {0: 0}


def test_a_commit_that_failed_after_it_reached_the_table_is_seen(table: DeltaLakeTable) -> None:
    append(table, 0)
    DeltaTable(table.uri).alter.set_table_properties({"delta.checkpointInterval": "1"})
    append(table, 1)
    in_the_way = Path(table.uri, "_delta_log", f"{4:020}.checkpoint.parquet")
    in_the_way.mkdir()
    sink = GuardedTable(table, APPS)
    with pytest.raises(Unavailable):
        sink.append([row(2)])
    in_the_way.rmdir()
    assert sink.append([row(2), row(3)]).new == 1


def anew(uri: str, *, commits: int) -> None:
    shutil.rmtree(uri)
    made(Path(uri))
    for offset in range(commits):
        append(others(uri), offset, THEIRS)


def lent(handles: KeptHandle) -> DeltaTable:
    """A handle, as the runner gets one: where the kept one can't be brought forward, at once."""
    with suppress(DeltaError):
        return handles.lend().handle
    return handles.lend().handle


@pytest.mark.parametrize("commits", [0, 2, 3, 4, 7])
@pytest.mark.parametrize("checkpoint", [False, True])
def test_a_table_that_was_made_anew_is_not_taken_for_the_one_before(
    table: DeltaLakeTable, *, commits: int, checkpoint: bool
) -> None:
    append(table, 0)
    if checkpoint:
        checkpoints(table.uri)
    append(table, 1)
    append(table, 2)
    handles = KeptHandle(table.uri, {})
    handles.give_back(handles.lend())
    anew(table.uri, commits=commits)
    assert said(lent(handles)) == said(DeltaTable(table.uri))
    assert bring(GuardedTable(table, APPS), [row(0)]) == 1
    theirs = {1: commits - 1} if commits else {}
    assert last(others(table.uri)) == {0: 0, **theirs}
    assert DeltaTable(table.uri).version() == commits + 1


def test_a_table_that_is_gone_is_unavailable_and_nothing_is_made_of_it(
    table: DeltaLakeTable,
) -> None:
    append(table, 0)
    shutil.rmtree(table.uri)
    sink = GuardedTable(table, APPS)
    for _ in range(2):
        with pytest.raises(Unavailable):
            sink.append([row(1)])
    assert not Path(table.uri).exists()


def bring(sink: GuardedTable, rows: Sequence[Row]) -> int:
    """Bring the same rows until they are taken, as the runner does."""
    for _ in range(3):
        try:
            return sink.append(rows).new
        except Unavailable:
            continue
    raise AssertionError("the table never took them")


def test_the_log_is_cleaned_up_once_per_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta, "_CHECKPOINT_EVERY", 4)
    folder = tmp_path / "tiny"
    DeltaTable.create(
        str(folder),
        Schema.from_arrow(TINY.schema),
        configuration={
            "delta.checkpointInterval": "4",
            "delta.logRetentionDuration": "interval 0 days",
        },
    )
    table = others(str(folder))
    firsts = []
    for offset in range(10):
        append(table, offset)
        firsts.append(int(commits(table.uri)[0].stem))
    assert firsts == [0, 0, 0, 0, 3, 3, 3, 3, 7, 7]
    assert last(table) == {0: 9}
