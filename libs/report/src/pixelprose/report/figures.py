"""A distribution as a figure: a drawing, and the words and numbers that say the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pixelprose.report.bins import Bar, Bin, bars, bins
from pixelprose.report.plots import bars_plot, histogram_plot
from pixelprose.report.survey import Histogram, Tally


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing, what it is of, and what it says. `rare`: on a logarithmic scale."""

    title: str
    about: str
    told: str
    svg: Markup
    rare: bool
    rows: Sequence[tuple[str, int]]


def figure(of: Histogram | Tally) -> Figure:
    """Return a distribution as a drawing, in words and in numbers."""
    if isinstance(of, Histogram):
        found = bins(of)
        rare = of.of.rare
        svg = histogram_plot(found, rare=rare)
        told, rows = _told(of), [(_range(one), one.rows) for one in found if one.rows]
    else:
        listed, rare = bars(of), False
        svg, told = bars_plot(listed), _ranked(listed)
        rows = [(bar.name, bar.rows) for bar in listed]
    return Figure(of.of.title, of.of.about, told, Markup(svg), rare, rows)  # noqa: S704 - drawn by us


def _told(histogram: Histogram) -> str:
    measure = histogram.of
    low, middle, high = (histogram.quantile(share) for share in (0.05, 0.5, 0.95))
    if low is None or middle is None or high is None:
        return "No rows."
    if measure.rare:
        told = f"95 of 100 are under {high + measure.step:g}."
    else:
        unit = f" {measure.unit}" if measure.unit else ""
        told = f"Median {middle:g}{unit}; nine of ten from {low:g} to {high:g}."
    return f"{told} Not known for {histogram.unknown:,}." if histogram.unknown else told


def _ranked(listed: Sequence[Bar]) -> str:
    total = sum(bar.rows for bar in listed)
    return f"{listed[0].name}: {listed[0].rows / total:.0%} of rows." if total else "No rows."


def _range(one: Bin) -> str:
    return f"{one.low:g} to {one.high:g}"
