"""Check of a table against the topic that feeds it, as far as the topic still holds it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from pixelprose.curator.finding import Finding, failed, passed, skipped
from pixelprose.curator.history import Commit
from pixelprose.curator.lake import LakeTable
from pixelprose.curator.offsets import Offsets
from pixelprose.curator.topic import Topic, TopicRecord
from pixelprose.records.counted import counted

CHECK = "topic"

Absence = Callable[[TopicRecord], str | None]
"""Says why a record has no row of its own: a reason, or a row id that stands for it (`id:...`)."""

_BY_ROW_ID = "id:"


def check_topic(
    table: LakeTable, commits: Sequence[Commit], held: Offsets, topic: Topic, why_absent: Absence
) -> Finding:
    """Every record up to the table's positions is a row, or is absent for a reason that is known.

    And every row is of a record, except where compaction takes records away.

    Raises:
        LakeError: the topic is not there, or the broker stops answering.
        KafkaException: the broker does not answer or refuses.
    """
    upto = _positions(commits, topic.identity())
    if not upto:
        return skipped(CHECK, table.name, f"no commit names the topic {topic.name} as it is now")
    rows, absent = 0, {}
    for record in topic.records(upto):
        if held.holds((topic.logical, record.partition), record.offset):
            rows += 1
        else:
            absent[f"{record.partition}/{record.offset}"] = why_absent(record)
    lost, reasons = _explain(table, absent)
    first = topic.first_kept(upto)
    kept = sum(
        held.within((topic.logical, lane), first[lane] - 1, last) for lane, last in upto.items()
    )
    deleted = sum(commit.rows_removed for commit in commits)
    if 0 < len(lost) <= deleted:
        return skipped(
            CHECK,
            table.name,
            f"{counted(len(lost), 'record')} of {topic.name} without a row, and "
            f"{counted(deleted, 'row')} deleted since: nothing tells which",
        )
    if lost:
        return failed(CHECK, table.name, f"without a row: {counted(len(lost), 'record')}", lost)
    if kept > rows and not topic.is_compacted:
        return failed(
            CHECK, table.name, f"of no record of {topic.name}: {counted(kept - rows, 'row')}"
        )
    notes = "".join(f", {count:,} {reason}" for reason, count in sorted(reasons.items()))
    return passed(
        CHECK, table.name, f"{counted(rows, 'record')} kept in {topic.name}, each a row{notes}"
    )


def _positions(commits: Sequence[Commit], identity: str) -> dict[int, int]:
    found: dict[int, int] = {}
    for commit in commits:
        for app, position in commit.positions.items():
            if app.startswith(identity):
                found[int(app.removeprefix(identity))] = position
    return found


def _explain(table: LakeTable, absent: Mapping[str, str | None]) -> tuple[list[str], Counter[str]]:
    """Return the places that nothing explains, and the counts of those that something does."""
    ids = {why.removeprefix(_BY_ROW_ID) for why in absent.values() if why and _is_id(why)}
    there = _present(table, ids)
    lost, reasons = [], Counter[str]()
    for place, why in absent.items():
        if why is None or (_is_id(why) and why.removeprefix(_BY_ROW_ID) not in there):
            lost.append(place)
        else:
            reasons["already there" if _is_id(why) else why] += 1
    return lost, reasons


def _is_id(why: str) -> bool:
    return why.startswith(_BY_ROW_ID)


def _present(table: LakeTable, ids: set[str]) -> set[str]:
    if not ids:
        return set()
    listed = ", ".join("'" + one.replace("'", "''") + "'" for one in sorted(ids))
    found = table.query(f"select row_id from t where row_id in ({listed})")  # noqa: S608 - quoted above
    return set(cast("list[str]", found.column("row_id").to_pylist()))


def row_id_of(found: str) -> str:
    """Return the answer of an `Absence` that says: a row with this id stands for the record."""
    return f"{_BY_ROW_ID}{found}"
