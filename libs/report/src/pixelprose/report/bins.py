"""From the fine steps that were counted to the few bars that are shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pixelprose.records.counted import counted
from pixelprose.report.survey import Histogram, Tally

_LISTED: Final = 8
_NICE: Final = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows with a value from `low` on, below `high`; the last bin holds what is above, too."""

    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Bar:
    """Rows with a word."""

    name: str
    rows: int


def bins(histogram: Histogram) -> Sequence[Bin]:
    """Return the bars of a histogram: as many as its measure says, or as fit what is found."""
    measure, counts = histogram.of, histogram.counts
    each = len(counts) // measure.bins
    if measure.fits:
        filled = counts.nonzero()[0]
        used = int(filled[-1]) + 1 if len(filled) else measure.bins
        each = _nice(used / measure.bins)
        counts = counts[: each * math.ceil(used / each)]
    starts = range(0, len(counts), each)
    return [
        Bin(
            low=round(measure.lowest + start * measure.step, 6),
            high=round(measure.lowest + (start + each) * measure.step, 6),
            rows=int(counts[start : start + each].sum()),
        )
        for start in starts
    ]


def bars(tally: Tally) -> Sequence[Bar]:
    """Return the most frequent words, and all others as one."""
    ranked = sorted(tally.counts.items(), key=lambda item: (-item[1], item[0]))
    # One word alone is told by its name.
    listed = _LISTED + 1 if len(ranked) == _LISTED + 1 else _LISTED
    shown = [Bar(name, rows) for name, rows in ranked[:listed]]
    if others := ranked[listed:]:
        shown.append(Bar(counted(len(others), "other"), sum(rows for _, rows in others)))
    return shown


def _nice(least: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50, ... that is not below `least`."""
    magnitude: int = 10 ** max(0, math.floor(math.log10(max(least, 1))))
    return next(nice for step in _NICE if (nice := step * magnitude) >= least)
