"""Small plots as SVG: drawn by matplotlib, coloured by the page's own style sheet.

Matplotlib does the scales, the ticks and the labels. Its colours are stand-ins, which become
classes here: one drawing serves light and dark, and the page needs no inline style.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.typing import RcKeyType

from pixelprose.report.bins import Bar, Bin

_SIZE: Final = (3.3, 1.9)
"""Inches of 72 units each."""

_INK, _BAR, _GRID = "#010101", "#020202", "#030303"
_CLASSES: Final = {_INK: "ink", _BAR: "bar", _GRID: "grid"}
_LONGEST_NAME: Final = 16
_SVG: Final = "http://www.w3.org/2000/svg"
_KEPT: Final = frozenset(
    {"d", "x", "y", "transform", "width", "height", "viewBox", "text-anchor", "font-size"}
)
_FONT_SIZE: Final = re.compile(r"([\d.]+)px")

_STYLE: Final[Mapping[RcKeyType, Any]] = {
    "svg.fonttype": "none",  # text stays text, in the page's font
    "text.parse_math": False,  # a data set may be called $x$
    "font.size": 9.5,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "axes.edgecolor": _GRID,
    "grid.color": _GRID,
    "axes.axisbelow": True,
}


def histogram_plot(bins: Sequence[Bin], *, rare: bool = False) -> str:
    """Return a histogram; where some bars are rare, on a logarithmic scale."""

    def draw(axes: Axes) -> None:
        widths = [one.high - one.low for one in bins]
        axes.bar(
            [one.low for one in bins],
            [one.rows for one in bins],
            width=[width * 0.86 for width in widths],
            align="edge",
            color=_BAR,
        )
        axes.set_xlim(bins[0].low, bins[-1].high)
        axes.grid(axis="y", linewidth=0.6)
        if rare and any(one.rows for one in bins):
            axes.set_yscale("symlog", linthresh=1)
            axes.set_ylim(0, max(one.rows for one in bins) * 1.6)
        else:
            axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda rows, _: f"{rows:,.0f}"))
        axes.spines[["top", "left", "right"]].set_visible(False)

    return _drawn(draw)


def bars_plot(bars: Sequence[Bar]) -> str:
    """Return horizontal bars, each with its name and its count."""

    def draw(axes: Axes) -> None:
        places = range(len(bars))
        drawn = axes.barh(places, [bar.rows for bar in bars], height=0.66, color=_BAR)
        axes.bar_label(drawn, labels=[f"{bar.rows:,}" for bar in bars], padding=4)
        axes.set_yticks(places, [_short(bar.name) for bar in bars])
        axes.set_ylim(max(len(bars), 4) - 0.5, -0.5)
        axes.set_xlim(0, max((bar.rows for bar in bars), default=1) * 1.18 or 1)
        axes.set_xticks([])
        axes.spines[:].set_visible(False)

    return _drawn(draw)


def _drawn(draw: Callable[[Axes], None]) -> str:
    # A context of our own, and no pyplot: whoever uses matplotlib beside us is not disturbed.
    with mpl.rc_context(dict(_STYLE)), warnings.catch_warnings():
        # The browser has other fonts than the one that texts are measured with.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=_SIZE, layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.subplots()
        axes.patch.set_visible(False)
        draw(axes)
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    return _cleaned(written.getvalue())


def _cleaned(svg: str) -> str:
    """Return the drawing alone: no ids, styles, metadata or clips, colours as classes."""
    root = ET.fromstring(svg)  # noqa: S314 - written by matplotlib, a line above
    made = _copied(root)
    made.set("viewBox", root.attrib["viewBox"])
    for name in ("width", "height"):
        made.attrib.pop(name, None)
    made.set("aria-hidden", "true")
    made.set("focusable", "false")
    return ET.tostring(made, encoding="unicode")


def _copied(element: ET.Element) -> ET.Element:
    made = ET.Element(_name(element), dict(_attributes(element)))
    made.text = (element.text or "").strip() or None
    made.extend(
        _copied(child) for child in element if _name(child) not in {"metadata", "defs", "style"}
    )
    return made


def _name(element: ET.Element) -> str:
    return str(element.tag).removeprefix(f"{{{_SVG}}}")


def _attributes(element: ET.Element) -> Iterator[tuple[str, str]]:
    given = dict(element.attrib)
    style = given.pop("style", "")
    for pair in style.split(";"):
        name, _, value = pair.partition(":")
        given[name.strip()] = value.strip()
    if "font" in given and (size := _FONT_SIZE.search(given["font"])):
        given["font-size"] = size[1]
    yield from ((name, given[name]) for name in sorted(_KEPT & given.keys()))
    for name in ("stroke", "fill"):
        if given.get(name) in _CLASSES:
            yield "class", f"{name}-{_CLASSES[given[name]]}"
            return
    if _name(element) == "text":
        yield "class", "fill-ink"


def _short(name: str) -> str:
    visible = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in name)
    return visible if len(visible) <= _LONGEST_NAME else f"{visible[: _LONGEST_NAME - 1]}…"
