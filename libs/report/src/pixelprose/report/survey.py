"""Distributions over every row, in one pass over a few columns; memory does not grow with rows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pixelprose.curator import LakeTable
from pixelprose.report.measures import FACETS, MEASURES, Facet, Measure
from pixelprose.report.request import Request

Column: TypeAlias = "pa.Array[Any]"

Progress = Callable[[int], None]
"""Is told how many rows were read."""


@dataclass(slots=True)
class Histogram:
    """Counts of a measure, in its own steps."""

    of: Measure
    counts: np.ndarray = field(init=False)
    unknown: int = 0

    def __post_init__(self) -> None:
        steps = round((self.of.highest - self.of.lowest) / self.of.step)
        self.counts = np.zeros(steps, dtype=np.int64)

    def add(self, column: Column) -> None:
        """Count the values of a batch."""
        values = np.asarray(pc.drop_null(column.cast(pa.float64())))
        values = values[~np.isnan(values)]
        self.unknown += len(column) - len(values)
        # A hair more than the value, so that 0.07 / 0.01 is seven steps and not six.
        steps = np.floor((values - self.of.lowest) / self.of.step + 1e-9)
        found = np.clip(steps, 0, len(self.counts) - 1).astype(np.int64)
        self.counts += np.bincount(found, minlength=len(self.counts))

    @property
    def rows(self) -> int:
        """How many rows have a value."""
        return int(self.counts.sum())

    def quantile(self, share: float) -> float | None:
        """Return the step below which that share of the rows lies; None without rows."""
        if not self.rows:
            return None
        at = int(np.searchsorted(np.cumsum(self.counts), share * self.rows))
        return float(self.of.lowest + at * self.of.step)


@dataclass(slots=True)
class Tally:
    """Counts of a facet's words."""

    of: Facet
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, column: Column) -> None:
        """Count the words of a batch."""
        words, counts = pc.value_counts(column).flatten()
        for word, count in zip(words.to_pylist(), counts.to_pylist(), strict=True):
            self.counts[word or self.of.lacking] += int(count or 0)


@dataclass(frozen=True, slots=True)
class Survey:
    """What all rows that fit the filter look like, by the names of measures and facets."""

    rows: int
    histograms: Mapping[str, Histogram]
    tallies: Mapping[str, Tally]

    @property
    def distributions(self) -> Sequence[Histogram | Tally]:
        """All of them, in the order in which they are shown."""
        return [*self.histograms.values(), *self.tallies.values()]


def survey(table: LakeTable, request: Request, on_progress: Progress) -> Survey:
    """Return the distributions of every row that fits the filter.

    Raises:
        LakeError: the filter is wrong, a file is missing, or the store does not answer.
    """
    found = nothing()
    counted = found.distributions
    columns = ", ".join(f"{one.of.expression} as {one.of.name}" for one in counted)
    rows = 0
    for batch in table.batches(f"select {columns} from captions where {request.condition}"):  # noqa: S608 - the filter is the person's own
        for one in counted:
            one.add(batch.column(one.of.name))
        rows += batch.num_rows
        on_progress(rows)
    return replace(found, rows=rows)


def nothing() -> Survey:
    """Return the survey of no rows."""
    histograms = {one.name: Histogram(one) for one in MEASURES}
    return Survey(0, histograms, {one.name: Tally(one) for one in FACETS})
