"""Check that the owner of every duplicate has ended: its submission is a row somewhere."""

from collections.abc import Callable, Sequence
from datetime import datetime

from pixelprose.curator.blocked import Blocked
from pixelprose.curator.finding import Finding, failed, passed, skipped
from pixelprose.curator.lake import LakeTable
from pixelprose.objectstore import receipt
from pixelprose.records.counted import counted

CHECK = "owners"


def check_owners(
    rejections: LakeTable,
    ends: Sequence[LakeTable],
    *,
    before: datetime,
    blocked: Callable[[], Blocked | None],
) -> Finding:
    """Every owner of bytes that others were refused for before that time has ended itself.

    A later one may still be on its way: an owner may be in the captioner's queue. One that was
    blocked is in no table, and whether one was, the topic tells as far back as it goes; so owners
    are counted and never named.

    Args:
        rejections: the table that names owners.
        ends: all tables that submissions end in.
        before: who had duplicates before then must have ended.
        blocked: is asked, if need be, who was blocked; None where there is nobody to ask.
    """
    owners = rejections.records(
        "select duplicate_of as owner, "  # noqa: S608 - a time of ours
        f"min(rejected_at) < timestamp '{before:%Y-%m-%dT%H:%M:%S.%fZ}' as settled "
        "from t where duplicate_of is not null group by 1"
    )
    open_ = {one["owner"]: one["settled"] for one in owners}
    for table in ends:
        if open_:
            ended = table.query("select distinct submission_id as id from t")
            for owner in ended.column("id").to_pylist():
                open_.pop(owner, None)
    missing = {owner for owner, settled in open_.items() if settled}
    ended_now, young = len(owners) - len(open_), len(open_) - len(missing)
    notes = f"{counted(ended_now, 'owner')} of duplicates ended"
    notes += f"; {young:,} of the youngest still on their way" if young else ""
    if not missing:
        return passed(CHECK, rejections.name, notes)
    return _judged(rejections, missing, blocked(), notes)


def _judged(rejections: LakeTable, missing: set[str], known: Blocked | None, notes: str) -> Finding:
    if known is None:
        why = "in no table, and the topic alone tells who was blocked"
        return skipped(CHECK, rejections.name, f"{notes}; {len(missing):,} {why}")
    left = missing - known.submissions
    lost = [owner for owner in left if _is_told_of(rejections, owner, known)]
    if lost:
        why = "no row, rejection or dead letter, and were not blocked"
        return failed(CHECK, rejections.name, f"{len(lost):,} have {why}")
    hidden, untold = len(missing) - len(left), len(left)
    notes += f"; {hidden:,} blocked (restricted)" if hidden else ""
    notes += f"; {untold:,} from before what the topic still holds" if untold else ""
    return passed(CHECK, rejections.name, notes)


def _is_told_of(rejections: LakeTable, owner: str, known: Blocked) -> bool:
    """Whether the topic still tells how the owner ended: after its receipt was written."""
    if known.since is None:
        return True
    written = rejections.store.stat(receipt(owner))
    return written is not None and written.last_modified >= known.since
