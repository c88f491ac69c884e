"""Each check is seen to pass on a sound table, and to refuse a damaged one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from pixelprose.curator import Finding, LakeTable, State, check_tables
from pixelprose.curator.blocked import Blocked
from pixelprose.curator.check_owners import check_owners
from pixelprose.curator.testing import APP, LANES, NOON, SmallLake, a_caption, digest
from pixelprose.lake import CAPTIONS
from pixelprose.objectstore import receipt

pytestmark = pytest.mark.real

LATER = NOON + timedelta(days=10)
LOST = digest("lost")


@pytest.fixture
def captions(small: SmallLake) -> LakeTable:
    small.captions(range(8), range(8, 20))
    return small.lake.open("captions")


def check(small: SmallLake) -> dict[str, Finding]:
    tables = small.lake.tables()
    found = check_tables(tables, ends=tables, broker=None, now=LATER)
    return {f"{finding.table} {finding.check}": finding for finding in found}


def failures(small: SmallLake) -> Sequence[str]:
    return [name for name, finding in check(small).items() if finding.state is not State.OK]


def owners(small: SmallLake, known: Blocked) -> Finding:
    rejections, ends = small.lake.open("rejections"), small.lake.tables()
    return check_owners(rejections, ends, before=LATER, blocked=lambda: known)


def handle(small: SmallLake) -> DeltaTable:
    return small.lake.open("captions").handle


def append(
    small: SmallLake, numbers: Sequence[int], positions: dict[str, int] | None = None
) -> None:
    transactions = [Transaction(app, at) for app, at in (positions or {}).items()]
    write_deltalake(
        handle(small),
        CAPTIONS.arrow([a_caption(number) for number in numbers]),
        mode="append",
        commit_properties=CommitProperties(app_transactions=transactions),
    )


@pytest.mark.usefixtures("captions")
def test_a_sound_lake_passes_every_check(small: SmallLake) -> None:
    small.duplicates(digest("submission", 3))
    found = check(small)
    assert {finding.state for finding in found.values()} == {State.OK}, found
    assert set(found) == {
        *(f"captions {name}" for name in ("files", "row ids", "positions", "monotone", "complete")),
        *(f"rejections {name}" for name in ("files", "row ids", "positions", "monotone")),
        "rejections complete",
        "rejections owners",
    }


def test_a_sound_lake_stays_sound_when_it_is_compacted(
    small: SmallLake, captions: LakeTable
) -> None:
    captions.handle.optimize.compact()
    assert failures(small) == []


def test_a_missing_file_is_found(small: SmallLake, captions: LakeTable) -> None:
    gone = captions.files()[0]
    small.lake.store.delete(captions.key(gone.path))
    finding = check(small)["captions files"]
    assert finding.state is State.FAILED
    assert finding.examples == [f"{gone.path} is missing"]
    assert check(small)["captions rows"].state is State.SKIPPED


def test_a_file_of_another_size_is_found(small: SmallLake, captions: LakeTable) -> None:
    torn = captions.files()[0]
    key = captions.key(torn.path)
    small.lake.store.put(key, small.lake.store.get(key)[:-1], content_type="application/x")
    (problem,) = check(small)["captions files"].examples
    assert problem.startswith(f"{torn.path} has {torn.size_bytes - 1:,} bytes")


@pytest.mark.usefixtures("captions")
def test_a_row_appended_twice_is_found(small: SmallLake) -> None:
    append(small, [5])
    found = check(small)
    assert found["captions row ids"].state is State.FAILED
    assert found["captions row ids"].examples == [f"{digest('row', 5)} has 2 rows"]
    assert found["captions positions"].state is State.FAILED
    assert found["captions monotone"].examples == ["version 3 added 1 rows without one"]


@pytest.mark.usefixtures("captions")
def test_a_position_that_falls_back_is_found(small: SmallLake) -> None:
    append(small, [20], {f"{APP}0": 3})
    (problem,) = check(small)["captions monotone"].examples
    assert problem == f"version 3: {APP}0 went from 27 to 3"


def test_a_deleted_row_is_no_loss_when_the_history_says_so(
    small: SmallLake, captions: LakeTable
) -> None:
    captions.handle.delete(f"row_id = '{digest('row', 4)}'")
    assert failures(small) == []
    assert "1 row deleted since" in check(small)["captions complete"].detail


def test_a_changed_row_is_no_new_one(small: SmallLake, captions: LakeTable) -> None:
    captions.handle.update({"attempt": "attempt + 1"}, predicate=f"row_id = '{digest('row', 4)}'")
    assert failures(small) == []


def test_a_topic_made_anew_brings_other_records_at_the_same_places(small: SmallLake) -> None:
    small.captions(range(2))
    small.app = "cluster/made anew/"
    small.append(
        CAPTIONS,
        [a_caption(number + LANES * 10, lineage=a_caption(number).lineage) for number in range(2)],
    )
    assert failures(small) == ["captions complete"]
    assert check(small)["captions complete"].state is State.SKIPPED


@pytest.mark.usefixtures("captions")
def test_a_commit_with_fewer_rows_than_it_brought_is_found(small: SmallLake) -> None:
    # A compaction that forgot a row: its commit says that no data changed.
    table = small.lake.open("captions")
    day = NOON.date()
    kept = [a_caption(number) for number in range(20) if a_caption(number).ingest_date == day][1:]
    write_deltalake(
        table.handle,
        CAPTIONS.arrow(kept),
        mode="overwrite",
        predicate=f"ingest_date = '{day}'",
    )
    assert "captions complete" in failures(small)


@pytest.mark.usefixtures("captions")
def test_an_owner_without_an_end_is_found(small: SmallLake) -> None:
    small.duplicates(digest("submission", 3), LOST)
    finding = owners(small, Blocked(frozenset(), since=None))
    assert finding.state is State.FAILED
    assert finding.detail.startswith("1 have no row, rejection or dead letter")
    assert LOST not in repr(finding)


@pytest.mark.usefixtures("captions")
def test_an_owner_that_was_blocked_is_counted_and_never_named(small: SmallLake) -> None:
    small.duplicates(digest("submission", 3), LOST)
    finding = owners(small, Blocked(frozenset({LOST}), since=None))
    assert finding.state is State.OK
    assert finding.detail == "1 owner of duplicates ended; 1 blocked (restricted)"


def test_an_owner_older_than_its_topic_is_not_guessed_at(small: SmallLake) -> None:
    small.duplicates(LOST)
    begins = datetime.now(UTC) - timedelta(days=14)
    known = Blocked(frozenset(), since=begins)
    assert "1 from before what the topic still holds" in owners(small, known).detail
    small.lake.store.put(receipt(LOST), b"accepted", content_type="application/json")
    assert owners(small, known).state is State.FAILED
    later = Blocked(frozenset(), since=datetime.now(UTC) + timedelta(days=1))
    assert owners(small, later).state is State.OK


def test_without_its_topic_nobody_tells_a_lost_owner_from_a_blocked_one(small: SmallLake) -> None:
    small.duplicates(LOST)
    assert check(small)["rejections owners"].state is State.SKIPPED


def test_an_owner_on_its_way_is_not_missed(small: SmallLake) -> None:
    small.duplicates("still in a queue")
    tables = small.lake.tables()
    found = list(check_tables(tables, ends=tables, broker=None, now=NOON))
    assert {finding.state for finding in found} == {State.OK}
    assert found[-1].detail == "0 owners of duplicates ended; 1 of the youngest still on their way"
