"""Passes of compaction and vacuum over real tables, beside a sink that commits."""

from datetime import timedelta
from threading import Event, Thread

import pytest

from pixelprose.curator import LakeError, Maintained, Maintenance, State, check_tables
from pixelprose.curator.testing import NOON, SmallLake
from pixelprose.lake import CAPTIONS, IMAGES

pytestmark = pytest.mark.real

WEEK = timedelta(days=7)
COMMITS = 12


def maintenance(small: SmallLake, *, stopping: Event | None = None) -> Maintenance:
    asked = stopping or Event()
    return Maintenance(
        small.lake, target_bytes=128 * 1024**2, retention=WEEK, stopping=asked.is_set
    )


def test_a_pass_leaves_one_file_a_day_and_the_next_nothing_to_do(small: SmallLake) -> None:
    small.captions(range(6), range(6, 12), range(12, 18))
    small.create(IMAGES)
    files = len(small.lake.open("captions").files())
    first, images = maintenance(small).run(None)
    assert (first.table, first.compacted, first.made, first.files) == ("captions", files, 2, 2)
    assert images == Maintained("images", files=0)
    (again,) = maintenance(small).run("captions")
    assert again == Maintained("captions", files=2)


def test_passes_beside_a_committing_sink_lose_and_double_no_row(small: SmallLake) -> None:
    small.captions(range(2))
    ended, passes = Event(), list[Maintained]()

    def sink() -> None:
        small.captions(*(range(2 * n, 2 * n + 2) for n in range(1, COMMITS)))
        ended.set()

    committing = Thread(target=sink)
    committing.start()
    while not ended.is_set():
        passes += maintenance(small).run("captions")
    committing.join()
    passes += maintenance(small).run("captions")
    assert sum(one.compacted for one in passes) > 0
    assert [one.troubles for one in passes if one.troubles] == []
    table = small.lake.open("captions")
    (found,) = table.records("select count(*) as n, count(distinct row_id) as ids from t")
    assert found == {"n": 2 * COMMITS, "ids": 2 * COMMITS}
    checks = check_tables([table], ends=[table], broker=None, now=NOON)
    assert {finding.state for finding in checks} == {State.OK}


def test_what_can_not_be_done_is_told_and_keeps_nothing_else_from_being_done(
    small: SmallLake,
) -> None:
    with pytest.raises(LakeError, match="no tables"):
        list(maintenance(small).run(None))
    (done,) = maintenance(small).run("images")
    assert any("no table images" in trouble for trouble in done.troubles)


def test_who_asks_to_stop_is_heard_between_two_steps(small: SmallLake) -> None:
    small.captions(range(6), range(6, 12))
    small.create(IMAGES)
    asked = Event()
    passes = maintenance(small, stopping=asked).run(None)
    assert next(passes).compacted > 0
    asked.set()
    assert list(passes) == []
    asked.clear()
    before = small.lake.open(CAPTIONS.name).version
    asked.set()
    assert list(maintenance(small, stopping=asked).run(None)) == []
    assert small.lake.open(CAPTIONS.name).version == before
