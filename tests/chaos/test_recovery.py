"""Recovery is read from the samples alone, and what did not come is not called a figure."""

import math

from chaos.observer import Sample
from chaos.pipeline import STEPS, Step
from chaos.recovery import MOST_SECONDS, recovery

INGESTER, FILTER = STEPS[:2]


def sample(
    at: float, ingester: int, filtered: int, *, ends: tuple[int, int] = (100, 100)
) -> Sample:
    positions = {"ingester": {0: ingester}, "safety-filter": {0: filtered}}
    return Sample(at, positions, {(INGESTER.reads, 0): ends[0], (FILTER.reads, 0): ends[1]})


def seconds(
    *samples: Sample, steps: tuple[Step, ...] = (INGESTER, FILTER), fed: float | None = None
) -> float | None:
    return recovery(samples, steps, since=10.0, fed_until=fed)


def test_all_must_have_moved() -> None:
    assert seconds(sample(9, 1, 1), sample(11, 2, 2), sample(12, 3, 2), sample(14, 3, 3)) == 4.0


def test_a_group_that_stands_still_has_not_come_back() -> None:
    assert seconds(sample(11, 2, 2), sample(12, 3, 2)) == math.inf
    assert seconds() == math.inf


def test_what_comes_later_than_it_is_looked_for_does_not_count() -> None:
    late = 10 + MOST_SECONDS
    assert seconds(sample(11, 2, 2), sample(late, 3, 3)) == MOST_SECONDS
    assert seconds(sample(11, 2, 2), sample(late + 1, 3, 3)) == math.inf


def test_after_the_last_submission_a_group_at_its_end_is_back() -> None:
    end = (5, 2)
    came = (sample(11, 2, 2, ends=end), sample(13, 5, 2, ends=end))
    assert seconds(*came, fed=10.5) == 3.0
    assert seconds(*came) == math.inf


def test_nothing_is_measured_where_nothing_was_to_do() -> None:
    end = (2, 2)
    assert seconds(sample(11, 2, 2, ends=end), sample(12, 2, 2, ends=end), fed=10.5) is None
