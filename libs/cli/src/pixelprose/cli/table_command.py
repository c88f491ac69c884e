"""`pixelprose table ...`: look at the tables, check them, and keep their files few and large."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from pixelprose.cli.choices import Output, Topics
from pixelprose.cli.lake_settings import open_lake
from pixelprose.cli.progress import bar
from pixelprose.cli.table_views import (
    commits_view,
    facts_view,
    finding_line,
    garbage_view,
    plan_view,
    print_json,
)
from pixelprose.curator import (
    Broker,
    Lake,
    LakeTable,
    State,
    check_tables,
    cluster,
    compact,
    compaction_plan,
    facts,
    garbage,
    history,
    vacuum,
)


def run_show(
    config: Path | None, name: str | None, sample_rows: int, output: Output, console: Console
) -> None:
    """Print what is in the tables."""
    with open_lake(config) as (lake, _):
        found = [facts(table, sample_rows=sample_rows) for table in _chosen(lake, name)]
    if output is Output.JSON:
        print_json(found)
        return
    for one in found:
        console.print(facts_view(one))


def run_history(
    config: Path | None, name: str, newest: int, output: Output, console: Console
) -> None:
    """Print a table's commits, newest first."""
    with open_lake(config) as (lake, _):
        commits = list(reversed(history(lake.open(name), newest=newest)))
    if output is Output.JSON:
        print_json(commits)
    else:
        console.print(commits_view(name, commits))


def run_plan(config: Path | None, name: str | None, target_mb: int, console: Console) -> None:
    """Print what `optimize` would do."""
    with open_lake(config) as (lake, _):
        for table in _chosen(lake, name):
            plans = compaction_plan(table, target_bytes=target_mb * 1024**2)
            console.print(plan_view(table.name, plans))


def run_compact(config: Path | None, name: str | None, target_mb: int, console: Console) -> None:
    """Bring small files together, day by day."""
    target = target_mb * 1024**2
    with open_lake(config) as (lake, _):
        for table in _chosen(lake, name):
            days = [plan.day for plan in compaction_plan(table, target_bytes=target)]
            removed = added = 0
            with bar(console) as progress:
                for day in progress.track(days, description=table.name):
                    gone, new = compact(table, day, target_bytes=target)
                    removed, added = removed + gone, added + new
            console.print(f"{table.name}: {removed:,} files became {added:,}.")


def run_cluster(config: Path | None, name: str | None, target_mb: int, console: Console) -> None:
    """Rewrite every day before today in Z-order."""
    today = datetime.now(UTC).date()
    with open_lake(config) as (lake, _):
        for table in _chosen(lake, name):
            days = sorted({file.day for file in table.files() if file.day < today})
            with bar(console) as progress:
                for day in progress.track(days, description=table.name):
                    cluster(table, day, target_bytes=target_mb * 1024**2)
            console.print(f"{table.name}: {len(days):,} days rewritten in Z-order.")


def run_garbage(config: Path | None, name: str | None, days: float, console: Console) -> None:
    """Print what `vacuum` would free."""
    with open_lake(config) as (lake, _):
        for table in _chosen(lake, name):
            found = garbage(table, retention=timedelta(days=days))
            console.print(garbage_view(table.name, found, verb="would be deleted"))
    console.print("[dim]Nothing was deleted; repeat it with --delete to do so.[/]")


def run_vacuum(config: Path | None, name: str | None, days: float, console: Console) -> None:
    """Delete the files that no version within the retention needs."""
    with open_lake(config) as (lake, _):
        for table in _chosen(lake, name):
            found = vacuum(table, retention=timedelta(days=days))
            console.print(garbage_view(table.name, found, verb="deleted"))


def run_check(
    config: Path | None, name: str | None, topics: Topics, output: Output, console: Console
) -> bool:
    """Print each check's finding as it is known, and return whether none failed."""
    with open_lake(config) as (lake, settings):
        broker = Broker(settings.kafka, settings.registry) if topics is Topics.COMPARE else None
        every = lake.tables()
        chosen = _chosen(lake, name)
        found = []
        for finding in check_tables(chosen, ends=every, broker=broker, now=datetime.now(UTC)):
            found.append(finding)
            if output is Output.TEXT:
                console.print(finding_line(finding))
    if output is Output.JSON:
        print_json(found)
    return all(finding.state is not State.FAILED for finding in found)


def _chosen(lake: Lake, name: str | None) -> Sequence[LakeTable]:
    return [lake.open(name)] if name else lake.tables()
