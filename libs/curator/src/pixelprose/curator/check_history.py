"""Checks of the table's history against its rows: positions only rise, and nothing is missing."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pixelprose.curator.finding import Finding, failed, passed, skipped
from pixelprose.curator.history import Commit
from pixelprose.curator.offsets import Offsets
from pixelprose.records.counted import counted

MONOTONE, COMPLETE = "monotone", "complete"


@dataclass(frozen=True, slots=True)
class _Span:
    """What one commit brought of one partition: the offsets in (after, upto]."""

    partition: int
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


def check_complete(table: str, commits: Sequence[Commit], held: Offsets) -> Finding:
    """The rows that each commit added are still there, and none lies beyond its position.

    A position that no row has is no fault by itself: the record there may have been refused, its
    row_id being there already. Whether it was is for the comparison with the topic to say.
    """
    if renewed := _renewed(commits):
        return skipped(COMPLETE, table, f"the topic was made anew (partition {renewed[0]})")
    wrong, missing, checked, refused = [], 0, 0, 0
    for commit, spans in _spans(commits):
        checked += 1
        found = sum(held.within(span.partition, span.after, span.upto) for span in spans)
        refused += sum(not held.holds(span.partition, span.upto) for span in spans)
        if found != commit.rows_added:
            missing += commit.rows_added - found
            wrong.append(f"version {commit.version} added {commit.rows_added:,}, now {found:,}")
    deleted = sum(commit.rows_removed for commit in commits)
    if wrong and not (deleted and missing == deleted):
        return failed(
            COMPLETE, table, f"not fitting their rows: {counted(len(wrong), 'commit')}", wrong
        )
    if beyond := _beyond(commits, held):
        return failed(COMPLETE, table, "rows beyond the table's position", beyond)
    notes = f", {counted(deleted, 'row')} deleted since" if deleted else ""
    notes += f", {counted(refused, 'position')} without a row" if refused else ""
    return passed(COMPLETE, table, f"the rows of {counted(checked, 'commit')} are there{notes}")


def _partition(app: str) -> int:
    # cluster id / topic UUID / partition
    return int(app.rsplit("/", 1)[1])


def _renewed(commits: Sequence[Commit]) -> list[int]:
    apps: Mapping[int, set[str]] = defaultdict(set)
    for commit in commits:
        for app in commit.positions:
            apps[_partition(app)].add(app)
    return sorted(partition for partition, found in apps.items() if len(found) > 1)


def _spans(commits: Sequence[Commit]) -> Iterator[tuple[Commit, list[_Span]]]:
    """Yield the commits whose beginning is known: a log cut short forgets the first of each."""
    whole = bool(commits) and commits[0].version == 0
    last: dict[str, int] = {}
    for commit in commits:
        known = whole or all(app in last for app in commit.positions)
        spans = [
            _Span(_partition(app), last.get(app, -1), upto)
            for app, upto in commit.positions.items()
        ]
        last.update(commit.positions)
        if spans and known:
            yield commit, spans


def _beyond(commits: Sequence[Commit], held: Offsets) -> list[str]:
    last: dict[int, int] = {}
    for commit in commits:
        for app, upto in commit.positions.items():
            last[_partition(app)] = max(upto, last.get(_partition(app), -1))
    return [
        f"partition {partition}: {last[partition]:,} is the position, {offsets[-1]:,} a row"
        for partition, offsets in held.by_partition.items()
        if partition in last and len(offsets) and offsets[-1] > last[partition]
    ]
