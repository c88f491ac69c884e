"""Distributions: every row counts, in few steps."""

from pathlib import Path

import pyarrow as pa
import pytest

from pixelprose.curator import LakeTable
from pixelprose.curator.testing import a_caption
from pixelprose.lake import CAPTIONS
from pixelprose.report.bins import bars, bins
from pixelprose.report.measures import FACETS, MEASURES
from pixelprose.report.request import Request
from pixelprose.report.survey import Histogram, Tally, survey
from pixelprose.report.testing import a_table

LENGTH, AESTHETIC, WATERMARK, _ = MEASURES


def a_histogram(values: list[float | None], of: int = 2) -> Histogram:
    made = Histogram(MEASURES[of])
    made.add(pa.array(values, pa.float64()))
    return made


def test_a_value_is_counted_in_the_step_that_it_begins() -> None:
    found = a_histogram([0.0, 0.07, 0.29, 0.57, 1.0])
    assert [int(at) for at in found.counts.nonzero()[0]] == [0, 7, 29, 57, 99]


def test_values_beyond_the_range_and_unknown_ones_are_not_lost() -> None:
    found = a_histogram([-3.0, 7.0, None, float("nan")])
    assert found.rows == 2
    assert found.unknown == 2
    assert (found.counts[0], found.counts[-1]) == (1, 1)


def test_batches_add_up() -> None:
    found = a_histogram([0.1, 0.2])
    found.add(pa.array([0.2], pa.float64()))
    assert found.rows == 3
    assert found.quantile(0.5) == pytest.approx(0.2)


def test_without_rows_there_is_no_quantile_and_all_bars_are_empty() -> None:
    found = Histogram(LENGTH)
    assert found.quantile(0.5) is None
    assert all(one.rows == 0 for one in bins(found))


@pytest.mark.parametrize("values", [[3.0], [31.0] * 4, [5.0, 87.0], [1.0, 1_999.0, 5_000.0]])
def test_bars_of_lengths_are_round_and_hold_every_row(values: list[float]) -> None:
    shown = bins(a_histogram(list(values), of=0))
    assert sum(one.rows for one in shown) == len(values)
    assert len(shown) <= 2 * LENGTH.bins
    assert shown[0].low == 0
    assert {one.high - one.low for one in shown} <= {1, 2, 5, 10, 20, 50, 100}


def test_bars_of_scores_cover_the_whole_range() -> None:
    shown = bins(a_histogram([5.0], of=1))
    assert (shown[0].low, shown[-1].high, len(shown)) == (1, 10, AESTHETIC.bins)


def test_words_beyond_the_most_frequent_are_one_bar() -> None:
    tally = Tally(FACETS[0])
    tally.add(pa.array([f"source {n}" for n in range(12)] + ["source 3", None]))
    shown = bars(tally)
    assert (shown[0].name, shown[0].rows) == ("source 3", 2)
    assert (shown[-1].name, shown[-1].rows) == ("5 others", 5)
    assert sum(bar.rows for bar in shown) == 14


def test_one_word_beyond_the_most_frequent_keeps_its_name() -> None:
    tally = Tally(FACETS[0])
    tally.add(pa.array([f"source {n}" for n in range(9)]))
    assert [bar.name for bar in bars(tally)] == [f"source {n}" for n in range(9)]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> LakeTable:
    rows = [a_caption(number) for number in range(24)]
    return a_table(tmp_path_factory.mktemp("captions"), CAPTIONS, rows[:12], rows[12:])


def test_every_row_of_the_table_counts(full: LakeTable) -> None:
    told: list[int] = []
    found = survey(full, Request(), told.append)
    assert found.rows == told[-1] == 24
    assert found.tallies["sources"].counts == {"cc12m": 8, "redcaps": 8, "your own": 8}
    watermarks = found.histograms["watermark"]
    assert (found.histograms["words"].rows, watermarks.rows) == (24, 24)
    assert watermarks.quantile(0.5) == pytest.approx(0.02)


def test_a_filter_leaves_rows_out(full: LakeTable) -> None:
    found = survey(full, Request(where="dataset = 'cc12m'"), lambda _: None)
    assert found.rows == 8


def test_an_empty_table_has_a_survey(tmp_path: Path) -> None:
    assert survey(a_table(tmp_path, CAPTIONS, []), Request(), lambda _: None).rows == 0
