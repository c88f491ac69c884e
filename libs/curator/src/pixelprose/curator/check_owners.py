"""Check that the owner of every duplicate has ended: its submission is a row somewhere."""

from collections.abc import Sequence
from datetime import datetime

from pixelprose.curator.finding import Finding, failed, passed
from pixelprose.curator.lake import LakeTable
from pixelprose.records.counted import counted

CHECK = "owners"


def check_owners(rejections: LakeTable, ends: Sequence[LakeTable], *, before: datetime) -> Finding:
    """Every owner of bytes that others were refused for before that time has ended itself.

    A later one may still be on its way: an owner may be in the captioner's queue.
    """
    owners = rejections.query(
        "select duplicate_of as owner, "  # noqa: S608 - a time of ours
        f"min(rejected_at) < timestamp '{before:%Y-%m-%dT%H:%M:%S.%fZ}' as settled "
        "from t where duplicate_of is not null group by 1 order by 1"
    ).to_pylist()
    open_ = {one["owner"]: one["settled"] for one in owners}
    for table in ends:
        if open_:
            ended = table.query("select distinct submission_id as id from t")
            for owner in ended.column("id").to_pylist():
                open_.pop(owner, None)
    missing = sorted(owner for owner, settled in open_.items() if settled)
    if missing:
        examples = [f"submission {owner} has no row, rejection or dead letter" for owner in missing]
        return failed(CHECK, rejections.name, f"{len(missing):,} of {len(owners):,}", examples)
    later = f"; {len(open_):,} of the youngest still on their way" if open_ else ""
    ended_now = len(owners) - len(open_)
    owners_ended = counted(ended_now, "owner")
    return passed(CHECK, rejections.name, f"{owners_ended} of duplicates ended{later}")
