"""`pixelprose table ...`: look at the tables, check them, and keep their files few and large."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console

from pixelprose.cli.choices import Output, Topics
from pixelprose.cli.lake_settings import open_lake
from pixelprose.cli.printing import print_json
from pixelprose.cli.progress import aside, bar, looking
from pixelprose.cli.table_views import (
    NOTHING_TO_DO,
    commits_view,
    facts_view,
    finding_line,
    garbage_view,
    plan_view,
)
from pixelprose.curator import (
    Broker,
    Garbage,
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
from pixelprose.records.counted import counted

_MB = 1024**2


def run_show(
    config: Path | None, name: str | None, sample_rows: int, output: Output, console: Console
) -> None:
    """Print what is in the tables."""
    with open_lake(config) as (lake, _), looking(aside(output, console)):
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
    with open_lake(config) as (lake, _), looking(aside(output, console)):
        commits = list(reversed(history(lake.open(name), newest=newest)))
    if output is Output.JSON:
        print_json(commits)
    else:
        console.print(commits_view(name, commits))


def run_plan(
    config: Path | None, name: str | None, target_mb: int, output: Output, console: Console
) -> None:
    """Print what `optimize` would do."""
    with open_lake(config) as (lake, _), looking(aside(output, console)):
        found = {
            table.name: compaction_plan(table, target_bytes=target_mb * _MB)
            for table in _chosen(lake, name)
        }
    if output is Output.JSON:
        print_json(found)
        return
    for table, plans in found.items():
        console.print(plan_view(table, plans))


def run_compact(
    config: Path | None, name: str | None, target_mb: int, output: Output, console: Console
) -> None:
    """Bring small files together, day by day."""
    done = {}
    with open_lake(config) as (lake, _):
        for table in _chosen(lake, name):
            with looking(aside(output, console), f"Looking at {table.name}"):
                days = [plan.day for plan in compaction_plan(table, target_bytes=target_mb * _MB)]
            removed, added = _compacted(table, days, target_mb, output, console)
            done[table.name] = {"files_removed": removed, "files_added": added}
            if output is Output.TEXT:
                became = f"{counted(removed, 'file')} became {added:,}" if days else NOTHING_TO_DO
                console.print(f"{table.name}: {became}.")
    if output is Output.JSON:
        print_json(done)


def _compacted(
    table: LakeTable, days: Sequence[date], target_mb: int, output: Output, console: Console
) -> tuple[int, int]:
    removed = added = 0
    if not days:
        return removed, added
    with bar(aside(output, console)) as progress:
        for day in progress.track(days, description=table.name):
            gone, new = compact(table, day, target_bytes=target_mb * _MB)
            removed, added = removed + gone, added + new
    return removed, added


def run_cluster(
    config: Path | None, name: str | None, target_mb: int, output: Output, console: Console
) -> None:
    """Rewrite every day before today in Z-order."""
    today = datetime.now(UTC).date()
    done = {}
    with open_lake(config) as (lake, _):
        for table in _chosen(lake, name):
            days = sorted({file.day for file in table.files() if file.day < today})
            with bar(aside(output, console)) as progress:
                for day in progress.track(days, description=table.name):
                    cluster(table, day, target_bytes=target_mb * _MB)
            done[table.name] = {"days_rewritten": days}
            if output is Output.TEXT:
                console.print(f"{table.name}: {counted(len(days), 'day')} rewritten in Z-order.")
    if output is Output.JSON:
        print_json(done)


def run_garbage(
    config: Path | None, name: str | None, days: float, output: Output, console: Console
) -> None:
    """Print what `vacuum` would free."""
    _freed(config, name, days, output, console, free=garbage, verb="would be deleted")
    if output is Output.TEXT:
        console.print("[dim]Nothing was deleted; repeat it with --delete to do so.[/]")


def run_vacuum(
    config: Path | None, name: str | None, days: float, output: Output, console: Console
) -> None:
    """Delete the files that no version within the retention needs."""
    _freed(config, name, days, output, console, free=vacuum, verb="deleted")


def _freed(  # noqa: PLR0913 - what both commands were given
    config: Path | None,
    name: str | None,
    days: float,
    output: Output,
    console: Console,
    *,
    free: Callable[..., Garbage],
    verb: str,
) -> None:
    with open_lake(config) as (lake, _), looking(aside(output, console)):
        found = {
            table.name: free(table, retention=timedelta(days=days)) for table in _chosen(lake, name)
        }
    if output is Output.JSON:
        print_json(found)
        return
    for table, freed in found.items():
        console.print(garbage_view(table, freed, verb=verb))


def run_check(
    config: Path | None, name: str | None, topics: Topics, output: Output, console: Console
) -> bool:
    """Print each check's finding as it is known, and return whether none failed."""
    with open_lake(config) as (lake, settings):
        broker = Broker(settings.kafka, settings.registry) if topics is Topics.COMPARE else None
        every = lake.tables()
        chosen = _chosen(lake, name)
        found = []
        with looking(aside(output, console)):
            for finding in check_tables(chosen, ends=every, broker=broker, now=datetime.now(UTC)):
                found.append(finding)
                if output is Output.TEXT:
                    console.print(finding_line(finding))
    if output is Output.JSON:
        print_json(found)
    return all(finding.state is not State.FAILED for finding in found)


def _chosen(lake: Lake, name: str | None) -> Sequence[LakeTable]:
    return [lake.open(name)] if name else lake.tables()
