"""A whole report, from real tables and a real store."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pixelprose.curator import LakeError
from pixelprose.curator.testing import SmallLake, a_caption, a_dead_letter, a_duplicate, digest
from pixelprose.lake import CAPTIONS, DEAD_LETTERS, REJECTIONS
from pixelprose.objectstore import image_rendition
from pixelprose.report import Request, Summary, make_report
from pixelprose.report.testing import jpeg

pytestmark = pytest.mark.real

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = 9


def made(small: SmallLake, path: Path, request: Request | None = None) -> tuple[Summary, str]:
    summary = make_report(
        small.lake, request or Request(), path, now=NOW, on_progress=lambda *_: None
    )
    return summary, path.read_text("utf-8")


@pytest.fixture(scope="module")
def full(new_lake: Callable[[], SmallLake]) -> SmallLake:
    """Captions of which some pictures are gone, rejections and a dead letter: to be read alone."""
    small = new_lake()
    small.append(CAPTIONS, [a_caption(number) for number in range(ROWS)])
    for number in range(ROWS - 2):
        key = image_rendition(digest("bytes", number))
        small.lake.store.put(key, jpeg(), content_type="image/jpeg")
    again = msgspec.structs.replace(a_duplicate(1, "nobody"), attempt=1, reason="timeout")
    unsafe = msgspec.structs.replace(
        a_duplicate(2, "nobody"), stage="safety-filter", reason="nsfw", sha256=digest("x")
    )
    small.append(REJECTIONS, [a_duplicate(0, "nobody"), again, unsafe])
    small.append(DEAD_LETTERS, [a_dead_letter(0, 1)])
    return small


def test_a_report_shows_what_is_in_the_tables(full: SmallLake, tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    told: list[tuple[str, int, int]] = []
    summary = make_report(
        full.lake, Request(sample=5), path, now=NOW, on_progress=lambda *now: told.append(now)
    )
    page = path.read_text("utf-8")
    assert (summary.captions, summary.pictures, summary.withheld) == (ROWS, 5, 0)
    assert summary.sources == {"cc12m": 3, "redcaps": 3, "your own": 3}
    assert summary.size_bytes == path.stat().st_size
    assert page.count("<article") == 5
    assert page.count("a red cube.") >= 5
    assert ("Counting", ROWS, ROWS) in told
    assert ("Pictures", 5, 5) in told
    assert list(path.parent.iterdir()) == [path]


def test_ends_are_counted_by_stage_and_reason(full: SmallLake, tmp_path: Path) -> None:
    summary, page = made(full, tmp_path / "report.html")
    found = {(end.state, end.stage, end.reason): (end.count, end.again) for end in summary.ends}
    stage = a_duplicate(0, "nobody").stage
    assert found == {
        ("captioned", "captioner", ""): (ROWS, 0),
        ("rejected", stage, "duplicate_content"): (1, 0),
        ("rejected", stage, "timeout"): (1, 1),
        ("rejected", "safety-filter", "nsfw"): (1, 0),
        ("dead letter", "sink.captions", "undecodable"): (1, 0),
    }
    assert "The NSFW score reached the policy&#39;s threshold." in page


def test_pictures_that_are_gone_are_counted_and_no_error(full: SmallLake, tmp_path: Path) -> None:
    summary, page = made(full, tmp_path / "report.html")
    assert (summary.pictures, summary.missing_pictures) == (ROWS, 2)
    assert page.count("not in the store any more") == 2
    assert page.count("data:image/jpeg;base64,") == ROWS - 2


def test_a_filter_holds_for_pictures_and_distributions(full: SmallLake, tmp_path: Path) -> None:
    request = Request(where="dataset = 'cc12m'")
    summary, page = made(full, tmp_path / "report.html", request)
    assert (summary.captions, summary.pictures) == (3, 3)
    assert "dataset = &#39;cc12m&#39;" in page
    assert f"of {ROWS}" in page


def test_the_same_seed_of_the_same_tables_makes_the_same_page(
    full: SmallLake, tmp_path: Path
) -> None:
    assert made(full, tmp_path / "a.html")[1] == made(full, tmp_path / "b.html")[1]


def test_a_wrong_filter_leaves_the_old_page(full: SmallLake, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(LakeError, match="no_such_column"):
        made(full, path, Request(where="no_such_column > 1"))
    assert path.read_text() == "old"


def test_empty_tables_make_a_page_that_says_so(
    new_lake: Callable[[], SmallLake], tmp_path: Path
) -> None:
    small = new_lake()
    small.create(CAPTIONS)
    summary, page = made(small, tmp_path / "report.html")
    assert (summary.captions, summary.pictures) == (0, 0)
    assert "No caption has been made yet" in page


def test_without_a_table_of_captions_the_other_ends_are_shown(
    new_lake: Callable[[], SmallLake], tmp_path: Path
) -> None:
    small = new_lake()
    small.duplicates("nobody")
    summary, page = made(small, tmp_path / "report.html")
    assert summary.version is None
    assert "duplicate_content" in page


def test_without_tables_the_message_says_what_makes_them(
    new_lake: Callable[[], SmallLake], tmp_path: Path
) -> None:
    with pytest.raises(LakeError, match="the sink makes them"):
        made(new_lake(), tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()
