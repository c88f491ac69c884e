"""Check that the owner of every duplicate has ended: its submission is a row somewhere."""

from collections.abc import Sequence
from datetime import datetime

from pixelprose.curator.finding import Finding, failed, passed
from pixelprose.curator.lake import LakeTable
from pixelprose.records.counted import counted

CHECK = "owners"


def check_owners(rejections: LakeTable, ends: Sequence[LakeTable], *, before: datetime) -> Finding:
    """Every owner of bytes that others were refused for (before that time) has ended itself.

    `before` leaves out what is still on its way: an owner may be in the captioner's queue.
    """
    owners = rejections.query(
        "select distinct duplicate_of as owner from t where duplicate_of is not null "  # noqa: S608 - a time of ours
        f"and rejected_at < timestamp '{before:%Y-%m-%dT%H:%M:%S.%fZ}' order by 1"
    )
    open_ = set(owners.column("owner").to_pylist())
    count = len(open_)
    for table in ends:
        if open_:
            ended = table.query("select distinct submission_id as id from t")
            open_.difference_update(ended.column("id").to_pylist())
    if open_:
        examples = [f"submission {owner} has no row, rejection or dead letter" for owner in open_]
        return failed(CHECK, rejections.name, f"{len(open_):,} of {count:,}", sorted(examples))
    return passed(CHECK, rejections.name, f"{counted(count, 'owner')} of duplicates, each ended")
