"""A plan on the screen, and as a document."""

from collections.abc import Iterator
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pixelprose.cli.plan.figures import MEANINGS, Figures
from pixelprose.cli.plan.probe import Probe
from pixelprose.cli.plan.reckon import Known, Plan

UNKNOWN = "unknown"
NOTES = (
    "The stages work at the same time: the slowest decides. Starting and ending is not in it.",
    "A measured rate counts waiting, too (not the captioner's): the stage is at least so fast.",
    "Not in it: the annotator's step on captions, the sink, robots.txt, what Kafka keeps.",
    "A site's pace limits the ingester (by default one request a second): few domains take longer.",
    "Money is for hours of work; a machine that waits costs more.",
)


def plan_view(
    plan: Plan, figures: Figures, probe: Probe | None, notes: list[str]
) -> RenderableType:
    """Return the plan for people: results first, then all that they stand on."""
    parts: list[RenderableType] = [_headline(plan, figures, probe)]
    parts += [_section("Stages", _stages(plan)), _section("What there is", _amounts(plan))]
    parts.append(_section("What this stands on", _figures(figures)))
    if plan.unknown:
        names = ", ".join(plan.unknown)
        parts.append(Text(f"\nUnknown: {names}. Measure them, or give --assume NAME=VALUE."))
    parts.append(Text("\n" + "\n".join(f"- {note}" for note in (*notes, *NOTES)), style="dim"))
    return Group(*parts)


def plan_document(
    plan: Plan, figures: Figures, probe: Probe | None, notes: list[str]
) -> dict[str, Any]:
    """Return the plan for machines; what is unknown is null."""
    return {
        "urls": plan.urls,
        "hours": plan.hours,
        "slowest": plan.slowest,
        "measured": probe is not None,
        "counts": plan.counts,
        "stages": {
            stage.stage: {
                "records": stage.records,
                "processes": stage.processes,
                "hours": stage.hours,
            }
            for stage in plan.stages
        },
        "terabytes": plan.terabytes,
        "requests": plan.requests,
        "money": plan.money,
        "unknown": list(plan.unknown),
        "assumptions": {
            name: {"value": figure.value, "origin": figure.origin}
            for name, figure in figures.items()
        },
        "notes": [*notes, *NOTES],
        "probe": None if probe is None else probe.model_dump(mode="json"),
    }


_UNMEASURED: Final = (
    "Nothing was measured, so what is not assumed is unknown: submit a sample, wait for its end, "
    "and give --measure SETTINGS."
)


def _headline(plan: Plan, figures: Figures, probe: Probe | None) -> RenderableType:
    hours = f"{_bound(plan, figures)}{_time(plan.hours)} ({plan.slowest} decides)"
    hours = hours if plan.hours else UNKNOWN
    line = Text(f"{plan.urls:,} URLs: {hours}", style="bold")
    if probe is None:
        return Group(line, Text(_UNMEASURED, "bold yellow"))
    who = f"{probe.submitted:,} submissions of {probe.dataset or 'all data sets'}"
    return Group(line, Text(f"Measured on {who}, {probe.measured_at:%Y-%m-%d}.", style="dim"))


def _bound(plan: Plan, figures: Figures) -> str:
    """A measured rate that counts waiting says the most that a stage may take, no more."""
    rate = figures.get(f"rate.{plan.slowest}")
    waited = plan.slowest != "captioner" and rate is not None and rate.origin == "measured"
    return "at most " if waited else ""


def _section(title: str, table: Table) -> RenderableType:
    return Group(Text(f"\n{title}", style="bold"), table)


def _stages(plan: Plan) -> Table:
    table = _table("stage", records="right", processes="right", time="right")
    for stage in plan.stages:
        time = _time(stage.hours)
        name = f"[bold]{stage.stage}" if stage.stage == plan.slowest else stage.stage
        table.add_row(name, _count(stage.records), f"{stage.processes:g}", time)
    return table


def _amounts(plan: Plan) -> Table:
    table = _table("what", amount="right")
    table.add_row("captions", _count(plan.counts["captioned"]))
    for name, size in plan.terabytes.items():
        table.add_row(name, UNKNOWN if size is None else _bytes(size * 1e12))
    for name, count in plan.requests.items():
        table.add_row(f"requests: {name}", _count(count))
    for name, price in plan.money.items():
        table.add_row(f"money: {name}", UNKNOWN if price is None else f"{price:,.2f}")
    return table


def _figures(figures: Figures) -> Table:
    table = _table("name", value="right", meaning="left", origin="left")
    for name, value, meaning, origin in _lines(figures):
        table.add_row(name, value, meaning, origin)
    return table


def _lines(figures: Figures) -> Iterator[tuple[str, str, str, str]]:
    for name, meaning in MEANINGS.items():
        if (figure := figures.get(name)) is not None:
            if meaning.unit == "B":
                yield name, _bytes(figure.value), meaning.text, figure.origin
                continue
            many = f"{figure.value:,.4g}" if figure.value < 1e4 else f"{figure.value:,.0f}"  # noqa: PLR2004 - all digits of large numbers
            yield name, f"{many}{meaning.unit}", meaning.text, figure.origin


def _table(first: str, **columns: Any) -> Table:  # noqa: ANN401 - rich's own literals
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(first, no_wrap=True)
    for name, justify in columns.items():
        table.add_column(name, justify=justify)
    return table


def _count(count: Known) -> str:
    return UNKNOWN if count is None else f"{count:,.0f}"


def _time(hours: Known) -> str:
    if hours is None:
        return UNKNOWN
    if hours < 2:  # noqa: PLR2004 - minutes read better below
        return f"{hours * 60:,.0f} min"
    return f"{hours:,.1f} h" if hours < 72 else f"{hours / 24:,.1f} days"  # noqa: PLR2004 - days read better above


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1e3:  # noqa: PLR2004 - the next unit
            return f"{size:,.3g} {unit}"
        size /= 1e3
    return f"{size:,.3g} TB"
