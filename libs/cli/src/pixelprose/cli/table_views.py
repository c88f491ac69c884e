"""How tables look on a terminal of 80 columns or more, and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pixelprose.curator import Commit, DayPlan, Finding, Garbage, State, TableFacts
from pixelprose.records.counted import counted

NOTHING_TO_DO = "nothing to bring together"

_LISTED = 8
_SHORT = 12
_STYLES = {State.OK: "green", State.FAILED: "bold red", State.SKIPPED: "yellow"}


def facts_view(facts: TableFacts) -> RenderableType:
    """Return what is in one table."""
    days = f"{facts.first_day} to {facts.last_day}" if facts.first_day else "no rows yet"
    head = Text()
    head.append(facts.name, style="bold")
    head.append(f"  {counted(facts.rows, 'row')}, {days}\n")
    head.append(
        f"{counted(facts.files, 'file')}, {size(facts.size_bytes)}{_each(facts)}; "
        f"version {facts.version:,}",
        style="dim",
    )
    counts = [_counts(name, values) for name, values in facts.counts.items() if values]
    sample = [_sample(row) for row in facts.sample]
    return Group(head, "", Columns(counts, padding=(0, 3)), *sample, "")


def _each(facts: TableFacts) -> str:
    if not facts.files:
        return ""
    return f" ({size(facts.smallest_file_bytes)} to {size(facts.largest_file_bytes)} each)"


def _counts(name: str, values: Mapping[str, int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(name, overflow="fold", max_width=34)
    table.add_column("rows", justify="right")
    shown = list(values.items())
    if name == "day":
        shown = shown[-_LISTED:]  # the newest
    for value, rows in shown[:_LISTED]:
        table.add_row(escape(value), f"{rows:,}")
    if len(values) > _LISTED:
        table.add_row(f"[dim]and {len(values) - _LISTED:,} more[/]", "")
    return table


def _sample(row: Mapping[str, Any]) -> Panel:
    text = Text()
    for name, value in _told(row):
        if value not in (None, "", []):
            text.append(f"{name:<9} ", style="dim").append(f"{value}\n")
    text.rstrip()
    source = row.get("source") or {}
    title = escape(str(source.get("url") or row.get("stage") or ""))
    return Panel(text, title=title, title_align="left", border_style="dim", box=box.ROUNDED)


def _told(row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    caption, signals = row.get("caption") or {}, row.get("signals") or {}
    rights, model = row.get("rights") or {}, caption.get("model") or {}
    score = signals.get("aesthetic")
    looks = (
        f"aesthetic {score:.1f}, {signals['style']}, watermark {signals['watermark']}"
        if score
        else ""
    )
    return [
        ("caption", caption.get("text")),
        ("absent", ", ".join(caption.get("absent") or ())),
        ("alt text", (row.get("source") or {}).get("alt_text")),
        ("reason", row.get("reason")),
        ("detail", row.get("detail") or row.get("error_class")),
        ("signals", looks),
        ("by", f"{model['name']}, policy {caption['policy']}" if model else None),
        ("licence", f"{rights['licence'] or 'unknown'} ({rights['basis']})" if rights else None),
        ("row", f"{str(row['row_id'])[:_SHORT]}, {row['ingested_at']:%Y-%m-%d %H:%M:%S} UTC"),
    ]


def commits_view(name: str, commits: Sequence[Commit]) -> Table:
    """Return commits as a table; positions are partition:offset."""
    table = Table(title=f"{name}, newest first", title_justify="left", box=None, pad_edge=False)
    table.add_column("version", justify="right")
    table.add_column("time (UTC)", no_wrap=True)
    table.add_column("operation", overflow="fold")
    table.add_column("rows", justify="right")
    table.add_column("files", justify="right", no_wrap=True)
    table.add_column("positions", overflow="fold")
    for commit in commits:
        rows = f"{commit.rows_added:+,}" if commit.changes_data and commit.rows_added else ""
        if commit.rows_removed:
            rows = f"{rows} -{commit.rows_removed:,}".strip()
        table.add_row(
            f"{commit.version}",
            f"{commit.at:%Y-%m-%d %H:%M:%S}",
            commit.operation,
            rows,
            f"+{commit.files_added} -{commit.files_removed}",
            _positions(commit),
        )
    return table


def _positions(commit: Commit) -> str:
    found = sorted((int(app.rsplit("/", 1)[-1]), at) for app, at in commit.positions.items())
    shown = " ".join(f"{partition}:{at}" for partition, at in found[:_LISTED])
    return f"{shown} and {len(found) - _LISTED} more" if len(found) > _LISTED else shown


def plan_view(name: str, plans: Sequence[DayPlan]) -> RenderableType:
    """Return what compaction would do."""
    if not plans:
        return f"{name}: {NOTHING_TO_DO}."
    table = Table(title=name, title_justify="left", box=None, pad_edge=False, header_style="dim")
    for column in ("day", "small files", "size", "rows", "files after"):
        table.add_column(column, justify="left" if column == "day" else "right")
    for plan in plans:
        table.add_row(
            f"{plan.day}",
            f"{plan.files:,}",
            size(plan.size_bytes),
            f"{plan.rows:,}",
            f"{plan.files_after:,}",
        )
    return table


def garbage_view(name: str, garbage: Garbage, *, verb: str) -> str:
    """Return what a vacuum frees."""
    return f"{name}: {counted(len(garbage.files), 'file')}, {size(garbage.size_bytes)}, {verb}."


def finding_line(finding: Finding) -> Text:
    """Return one check's finding, with examples of what is wrong below it."""
    text = Text()
    text.append(f"{finding.state.value:<8}", style=_STYLES[finding.state])
    text.append(f"{finding.table:<13}{finding.check:<11}{finding.detail}")
    for example in finding.examples:
        text.append(f"\n        {example}", style="red")
    return text


def size(count: int) -> str:
    """Return bytes for people."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:  # noqa: PLR2004 - the step from unit to unit
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
