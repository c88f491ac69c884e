"""Checks of the table's history against its rows: positions only rise, and nothing is missing."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pixelprose.curator.finding import Finding, failed, passed, skipped
from pixelprose.curator.history import Commit
from pixelprose.curator.offsets import Lane, Offsets
from pixelprose.records.counted import counted

MONOTONE, COMPLETE = "monotone", "complete"

LaneOf = Callable[[str], Lane | None]
"""Says which partition an app id (cluster id / topic UUID / partition) is; None: nobody knows."""


def lanes_of_topic(topic: str) -> LaneOf:
    """Return what says so where one topic feeds the table."""
    return lambda app: (topic, int(app.rsplit("/", 1)[1]))


def lanes_of_topics(topics: Mapping[str, str]) -> LaneOf:
    """Return what says so where many topics do, given the name of each identity."""

    def lane_of(app: str) -> Lane | None:
        identity, partition = app.rsplit("/", 1)
        topic = topics.get(f"{identity}/")
        return None if topic is None else (topic, int(partition))

    return lane_of


@dataclass(frozen=True, slots=True)
class _Span:
    """What one commit brought of one partition: the offsets in (after, upto]."""

    lane: Lane
    after: int
    upto: int


def check_monotone(table: str, commits: Sequence[Commit]) -> Finding:
    """Each partition's position rises with every commit, and no row came without one."""
    last: dict[str, int] = {}
    wrong = []
    for commit in commits:
        if commit.changes_data and commit.rows_added and not commit.positions:
            wrong.append(f"version {commit.version} added {commit.rows_added:,} rows without one")
        for app, position in commit.positions.items():
            before = last.get(app)
            if before is not None and position <= before:
                wrong.append(
                    f"version {commit.version}: {app} went from {before:,} to {position:,}"
                )
            last[app] = max(position, last.get(app, position))
    if wrong:
        return failed(
            MONOTONE, table, f"positions broken by {counted(len(wrong), 'commit')}", wrong
        )
    return passed(
        MONOTONE, table, f"{counted(len(commits), 'commit')}, {counted(len(last), 'partition')}"
    )


def check_complete(
    table: str, commits: Sequence[Commit], held: Offsets, lane_of: LaneOf
) -> Finding:
    """The rows that each commit added are still there, and none lies beyond its position.

    A position that no row has is no fault by itself: the record there may have been refused, its
    row_id being there already. Whether it was is for the comparison with the topic to say.
    """
    if doubt := why_in_doubt(commits, lane_of):
        return skipped(COMPLETE, table, doubt)
    wrong, missing, checked, refused = [], 0, 0, 0
    for commit, spans in _spans(commits, lane_of):
        checked += 1
        found = sum(held.within(span.lane, span.after, span.upto) for span in spans)
        refused += sum(not held.holds(span.lane, span.upto) for span in spans)
        if found != commit.rows_added:
            missing += commit.rows_added - found
            wrong.append(f"version {commit.version} added {commit.rows_added:,}, now {found:,}")
    deleted = sum(commit.rows_removed for commit in commits)
    if wrong and not (deleted and missing == deleted):
        return failed(
            COMPLETE, table, f"not fitting their rows: {counted(len(wrong), 'commit')}", wrong
        )
    if beyond := _beyond(commits, held, lane_of):
        return failed(COMPLETE, table, "rows beyond the table's position", beyond)
    notes = f", {counted(deleted, 'row')} deleted since" if deleted else ""
    notes += f", {counted(refused, 'position')} without a row" if refused else ""
    return passed(COMPLETE, table, f"the rows of {counted(checked, 'commit')} are there{notes}")


def why_in_doubt(commits: Sequence[Commit], lane_of: LaneOf) -> str | None:
    """Return why a row's place does not tell which commit brought it; None where it does."""
    apps: Mapping[Lane, set[str]] = defaultdict(set)
    for app in {app for commit in commits for app in commit.positions}:
        lane = lane_of(app)
        if lane is None:
            return "positions of a topic that is gone, or was made anew"
        apps[lane].add(app)
    renewed = sorted(partition for (_, partition), found in apps.items() if len(found) > 1)
    return f"the topic was made anew (partition {renewed[0]})" if renewed else None


def _spans(commits: Sequence[Commit], lane_of: LaneOf) -> Iterator[tuple[Commit, list[_Span]]]:
    """Yield the commits whose beginning is known: a log cut short forgets the first of each."""
    whole = bool(commits) and commits[0].version == 0
    last: dict[str, int] = {}
    for commit in commits:
        known = whole or all(app in last for app in commit.positions)
        spans = [
            _Span(lane, last.get(app, -1), upto)
            for app, upto in commit.positions.items()
            if (lane := lane_of(app))
        ]
        last.update(commit.positions)
        if spans and known:
            yield commit, spans


def _beyond(commits: Sequence[Commit], held: Offsets, lane_of: LaneOf) -> list[str]:
    last: dict[Lane | None, int] = {}
    for commit in commits:
        for app, upto in commit.positions.items():
            last[lane_of(app)] = max(upto, last.get(lane_of(app), -1))
    return [
        f"{lane[0]}, partition {lane[1]}: {last[lane]:,} is the position, {offsets[-1]:,} a row"
        for lane, offsets in held.by_lane.items()
        if lane in last and len(offsets) and offsets[-1] > last[lane]
    ]
