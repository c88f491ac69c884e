"""The arithmetic of positions, without any table."""

from array import array
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from pixelprose.curator.check_history import (
    LaneOf,
    check_complete,
    check_monotone,
    lanes_of_topic,
    lanes_of_topics,
)
from pixelprose.curator.finding import Finding, State
from pixelprose.curator.history import Commit
from pixelprose.curator.offsets import Offsets

APP = "cluster/topic/"
CREATED = 0
ONE = lanes_of_topic("t")


def commit(version: int, rows: int, **positions: int) -> Commit:
    return Commit(
        version=version,
        at=datetime(2026, 1, 2, tzinfo=UTC),
        operation="WRITE" if positions else "CREATE TABLE",
        changes_data=bool(rows),
        rows_added=rows,
        rows_removed=0,
        files_added=1,
        files_removed=0,
        bytes_added=100,
        positions={APP + lane.removeprefix("lane"): at for lane, at in positions.items()},
    )


def held(*lanes: list[int]) -> Offsets:
    return Offsets({("t", lane): memoryview(array("q", found)) for lane, found in enumerate(lanes)})


def complete(commits: list[Commit], held: Offsets, lane_of: LaneOf = ONE) -> Finding:
    return check_complete("t", commits, held, lane_of)


def test_a_row_that_vanished_is_found() -> None:
    commits = [commit(0, 0), commit(1, 3, lane0=9), commit(2, 2, lane0=20)]
    assert complete(commits, held([1, 5, 9, 15, 20])).state is State.OK
    finding = complete(commits, held([1, 9, 15, 20]))
    assert finding.examples == ["version 1 added 3, now 2"]


def test_a_row_beyond_the_position_is_found() -> None:
    commits = [commit(0, 0), commit(1, 2, lane0=9)]
    finding = complete(commits, held([1, 9, 12]))
    assert finding.examples == ["t, partition 0: 9 is the position, 12 a row"]


def test_a_log_cut_short_condemns_nothing_that_it_forgot() -> None:
    commits = [commit(7, 2, lane0=30), commit(8, 1, lane0=33)]
    finding = complete(commits, held([1, 2, 3, 29, 30, 33]))
    assert finding.state is State.OK
    assert finding.detail == "the rows of 1 commit are there"


def test_a_topic_made_anew_is_said_and_not_guessed_at() -> None:
    anew = replace(commit(2, 1, lane0=4), positions={"cluster/other/0": 4})
    finding = complete([commit(0, 0), commit(1, 1, lane0=9), anew], held([4, 9]))
    assert finding.state is State.SKIPPED


def letters(*rows: tuple[str, list[int]]) -> Offsets:
    return Offsets({(topic, 0): memoryview(array("q", found)) for topic, found in rows})


def of_topics(version: int, rows: int, **positions: int) -> Commit:
    found = commit(version, rows)
    return replace(found, positions={f"cluster/{uuid}/0": at for uuid, at in positions.items()})


def test_rows_of_many_topics_are_counted_by_each_topic_s_own_positions() -> None:
    lane_of = lanes_of_topics({"cluster/one/": "a", "cluster/two/": "b"})
    commits = [commit(0, 0), of_topics(1, 3, one=4, two=1), of_topics(2, 1, two=6)]
    whole = letters(("a", [2, 4]), ("b", [1, 6]))
    assert complete(commits, whole, lane_of).state is State.OK
    finding = complete(commits, letters(("a", [2]), ("b", [1, 6])), lane_of)
    assert finding.examples == ["version 1 added 3, now 2"]


def test_positions_of_a_topic_that_is_gone_are_said_and_not_guessed_at() -> None:
    lane_of = lanes_of_topics({"cluster/one/": "a"})
    commits = [commit(0, 0), of_topics(1, 2, one=4, gone=1)]
    assert complete(commits, letters(("a", [2, 4])), lane_of).state is State.SKIPPED


@given(st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=5), min_size=1, max_size=6))
def test_every_honest_history_passes_and_every_lost_row_fails(steps: list[list[int]]) -> None:
    commits, offsets, at = [commit(0, 0)], [], -1
    for version, gaps in enumerate(steps, start=1):
        for gap in gaps:
            at += gap
            offsets.append(at)
        commits.append(commit(version, len(gaps), lane0=at))
    assert check_monotone("t", commits).state is State.OK
    assert complete(commits, held(offsets)).state is State.OK
    for lost in range(len(offsets)):
        left = offsets[:lost] + offsets[lost + 1 :]
        assert complete(commits, held(left)).state is State.FAILED
