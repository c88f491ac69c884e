"""Compaction and vacuum on real tables, beside sinks and readers."""

from datetime import timedelta

import pytest

from pixelprose.curator import (
    LakeError,
    LakeTable,
    State,
    check_tables,
    cluster,
    compact,
    compaction_plan,
    facts,
    garbage,
    history,
    vacuum,
)
from pixelprose.curator.testing import APP, NOON, SmallLake, a_caption
from pixelprose.lake import CAPTIONS, TABLES, TableSpec

pytestmark = pytest.mark.real

DAY = NOON.date()


@pytest.fixture
def captions(small: SmallLake) -> LakeTable:
    """Two days of captions, in several small files each."""
    small.captions(range(6), range(6, 12), range(12, 18))
    return small.lake.open("captions")


def rows(table: LakeTable) -> list[dict[str, object]]:
    return table.records("select row_id, dataset, image_id from t order by row_id")


def test_the_plan_is_what_is_done(small: SmallLake, captions: LakeTable) -> None:
    plans = compaction_plan(captions)
    done = [compact(captions, plan.day) for plan in plans]
    assert [(plan.files, plan.files_after) for plan in plans] == done
    assert compaction_plan(small.lake.open("captions")) == []


def test_compaction_changes_no_row_and_no_position(small: SmallLake, captions: LakeTable) -> None:
    before = rows(captions)
    for plan in compaction_plan(captions):
        compact(captions, plan.day)
    after = small.lake.open("captions")
    assert rows(after) == before
    found = check_tables([after], ends=[after], broker=None, now=NOON)
    assert {finding.state for finding in found} == {State.OK}


def test_a_sink_appends_while_files_are_brought_together(
    small: SmallLake, captions: LakeTable
) -> None:
    small.captions(range(18, 20))  # after the handle was opened, before its commit
    compact(captions, DAY)
    # The sink's next commit meets a compaction that it has not seen.
    assert small.append(CAPTIONS, [a_caption(20)]) == 1
    after = small.lake.open("captions")
    assert len(rows(after)) == 21
    found = check_tables([after], ends=[after], broker=None, now=NOON)
    assert {finding.state for finding in found} == {State.OK}


def test_files_grow_up_to_the_target_and_no_further(small: SmallLake, captions: LakeTable) -> None:
    sizes = [file.size_bytes for file in captions.files() if file.day == DAY]
    assert len(sizes) == 3
    two = sum(sorted(sizes)[-2:])
    assert compact(captions, DAY, target_bytes=two) == (2, 1)
    table = small.lake.open("captions")
    largest = max(file.size_bytes for file in table.files())
    assert DAY in [plan.day for plan in compaction_plan(table, target_bytes=largest + 1)]
    assert DAY not in [plan.day for plan in compaction_plan(table, target_bytes=largest)]


def test_z_order_keeps_rows_and_makes_one_file_of_a_day(
    small: SmallLake, captions: LakeTable
) -> None:
    before = rows(captions)
    cluster(captions, DAY)
    after = small.lake.open("captions")
    assert rows(after) == before
    assert len([file for file in after.files() if file.day == DAY]) == 1


def test_compacted_files_hold_no_statistics_of_urls_and_captions(
    small: SmallLake, captions: LakeTable
) -> None:
    compact(captions, DAY)
    after = small.lake.open("captions")
    logged = b"".join(
        small.lake.store.get(key) for key in small.lake.store.list("lake/captions/_delta_log/")
    )
    assert b"a red cube" not in logged
    assert b".example/" not in logged
    for file in after.files():
        tail = small.lake.store.get(after.key(file.path))[-20_000:]
        footer = tail[-int.from_bytes(tail[-8:-4], "little") :]
        assert b"a red cube" not in footer


def test_a_delete_of_the_same_rows_is_told_and_harms_nothing(
    small: SmallLake, captions: LakeTable
) -> None:
    other = small.lake.open("captions").handle
    other.delete(f"row_id = '{a_caption(0).row_id}'")
    with pytest.raises(LakeError, match="run it again"):
        compact(captions, DAY)
    assert len(rows(small.lake.open("captions"))) == 17


def test_vacuum_refuses_a_retention_that_harms_readers(captions: LakeTable) -> None:
    compact(captions, DAY)
    with pytest.raises(LakeError, match="retention"):
        garbage(captions, retention=timedelta(hours=1))


def test_vacuum_frees_what_no_reader_needs_and_says_so_before(
    small: SmallLake, captions: LakeTable
) -> None:
    captions.handle.alter.set_table_properties(
        {"delta.deletedFileRetentionDuration": "interval 0 hours"}
    )
    old = {file.path: file.size_bytes for file in captions.files() if file.day == DAY}
    compact(captions, DAY)
    table = small.lake.open("captions")
    planned = garbage(table, retention=timedelta(0))
    assert set(planned.files) == set(old)
    assert planned.size_bytes == sum(old.values())
    there = [small.lake.store.stat(table.key(path)) for path in old]
    assert all(there)
    assert vacuum(table, retention=timedelta(0)) == planned
    assert not any(small.lake.store.stat(table.key(path)) for path in old)
    assert len(rows(small.lake.open("captions"))) == 18


def test_fresh_garbage_stays(small: SmallLake, captions: LakeTable) -> None:
    compact(captions, DAY)
    assert garbage(small.lake.open("captions")).files == []


def test_facts_count_by_source_day_model_and_policy(captions: LakeTable) -> None:
    found = facts(captions, sample_rows=2)
    assert (found.rows, len(found.sample)) == (18, 2)
    assert found.counts["source"] == {"cc12m": 6, "redcaps": 6, "your own": 6}
    assert found.counts["day"] == {"2026-01-02": 10, "2026-01-03": 8}
    caption = a_caption(0).caption
    assert found.counts["model"] == {caption.model.name: 18}
    assert found.counts["policy"] == {caption.policy: 18}
    assert found.sample == facts(captions, sample_rows=2).sample


@pytest.mark.parametrize("spec", TABLES, ids=lambda spec: spec.name)
def test_every_table_has_facts_and_passes_its_checks_when_empty(
    small: SmallLake, spec: TableSpec
) -> None:
    small.create(spec)
    table = small.lake.open(spec.name)
    found = facts(table, sample_rows=2)
    checks = check_tables([table], ends=[table], broker=None, now=NOON)
    assert {finding.state for finding in checks} == {State.OK}
    assert (found.rows, found.files, found.first_day) == (0, 0, None)


def test_history_tells_rows_and_positions(captions: LakeTable) -> None:
    commits = history(captions)
    assert [commit.rows_added for commit in commits] == [0, 6, 6, 6]
    assert commits[-1].positions == {f"{APP}0": 24, f"{APP}1": 24}
    assert history(captions, newest=2) == commits[-2:]
    assert not history(captions, newest=1)[0].files_removed


def test_unknown_tables_are_refused_by_name(small: SmallLake) -> None:
    with pytest.raises(LakeError, match="captions, images, rejections, dead_letters"):
        small.lake.open("caption")
    with pytest.raises(LakeError, match="no table captions"):
        small.lake.open("captions")
    with pytest.raises(LakeError, match="no tables"):
        small.lake.tables()
