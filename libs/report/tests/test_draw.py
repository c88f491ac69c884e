"""The sample: random, repeatable, and nothing in it that must not be seen."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from deltalake import DeltaTable

from pixelprose.curator import LakeError, LakeTable
from pixelprose.curator.export import Rows
from pixelprose.curator.testing import a_caption, a_duplicate, digest
from pixelprose.lake import CAPTIONS, REJECTIONS, CaptionRow, RejectionRow
from pixelprose.report.draw import draw
from pixelprose.report.request import Request
from pixelprose.report.testing import a_table

ROWS = 12


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> LakeTable:
    """Captions in three sources, two days and three files."""
    rows = [a_caption(number) for number in range(ROWS)]
    return a_table(tmp_path_factory.mktemp("captions"), CAPTIONS, rows[:5], rows[5:])


def drawn(table: LakeTable, request: Request) -> list[str]:
    return [row.row_id for row in draw(table, None, request).rows]


def test_a_seed_draws_the_same_rows_and_another_seed_others(full: LakeTable) -> None:
    first = drawn(full, Request(sample=6, seed=1))
    assert len(set(first)) == 6
    assert drawn(full, Request(sample=6, seed=1)) == first
    assert drawn(full, Request(sample=6, seed=2)) != first


def test_a_larger_sample_begins_with_the_smaller_one(full: LakeTable) -> None:
    assert drawn(full, Request(sample=10))[:5] == drawn(full, Request(sample=5))


def test_more_than_there_are_draws_each_once(full: LakeTable) -> None:
    assert sorted(drawn(full, Request(sample=100))) == sorted(digest("row", n) for n in range(ROWS))


def test_nothing_is_drawn_when_nothing_is_asked_for(full: LakeTable) -> None:
    assert drawn(full, Request(sample=0)) == []


def test_every_row_is_as_likely_as_any_other(full: LakeTable) -> None:
    seeds, sample = 40, 4
    counts = Counter(
        row for seed in range(seeds) for row in drawn(full, Request(sample=sample, seed=seed))
    )
    expected = seeds * sample / ROWS
    assert len(counts) == ROWS
    # Chi-square with 11 degrees of freedom is above 31.3 once in 1,000; the seeds are fixed.
    assert sum((count - expected) ** 2 / expected for count in counts.values()) < 31.3


def test_how_rows_lie_in_files_changes_nothing(tmp_path: Path) -> None:
    commits = [[a_caption(number)] for number in range(6)]
    table = a_table(tmp_path, CAPTIONS, *commits)
    before = drawn(table, Request(sample=3))
    DeltaTable(tmp_path).optimize.compact()
    compacted = a_table(tmp_path, CAPTIONS)
    assert len(compacted.files()) < len(table.files())
    assert drawn(compacted, Request(sample=3)) == before


def test_only_rows_that_fit_the_filter_are_drawn(full: LakeTable) -> None:
    rows = draw(full, None, Request(where="dataset = 'redcaps'")).rows
    assert {row.dataset for row in rows} == {"redcaps"}
    assert len(rows) == ROWS / 3


def test_a_filter_that_is_no_sql_is_one_message(full: LakeTable) -> None:
    with pytest.raises(LakeError, match="datset"):
        drawn(full, Request(where="datset = 'x'"))


def recaptioned(number: int) -> CaptionRow:
    old = a_caption(number)
    later = old.caption.generated_at + timedelta(days=1)
    caption = msgspec.structs.replace(old.caption, generated_at=later)
    return msgspec.structs.replace(old, row_id=digest("newer", number), attempt=1, caption=caption)


def test_superseded_captions_are_passed_over_unless_all_are_asked_for(tmp_path: Path) -> None:
    table = a_table(
        tmp_path,
        CAPTIONS,
        [a_caption(number) for number in range(6)],
        [recaptioned(number) for number in range(4)],
    )
    current = {digest("newer", n) for n in range(4)} | {digest("row", n) for n in (4, 5)}
    assert set(drawn(table, Request(sample=50))) == current
    assert len(drawn(table, Request(sample=50, rows=Rows.ALL))) == 10
    for seed in range(5):
        assert len(set(drawn(table, Request(sample=3, seed=seed))) & current) == 3


def a_rejection(number: int, reason: str, **changed: object) -> RejectionRow:
    return msgspec.structs.replace(
        a_duplicate(number, "nobody"), reason=reason, duplicate_of=None, **changed
    )


def test_what_was_refused_since_as_unsafe_or_taken_down_is_not_seen(tmp_path: Path) -> None:
    captions = a_table(tmp_path / "c", CAPTIONS, [a_caption(number) for number in range(6)])
    rejections = a_table(
        tmp_path / "r",
        REJECTIONS,
        [
            a_rejection(0, "nsfw", sha256=digest("bytes", 1)),
            a_rejection(1, "taken_down", sha256=None, image_id=digest("image", 2)),
            a_rejection(2, "not_selected", sha256=digest("bytes", 3)),
        ],
    )
    found = draw(captions, rejections, Request(sample=10))
    assert {row.row_id for row in found.rows} == {digest("row", n) for n in (0, 3, 4, 5)}
    assert found.withheld == 2
