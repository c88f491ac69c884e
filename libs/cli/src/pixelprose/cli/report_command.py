"""`pixelprose report`: what is in the tables, as one page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import TaskID

from pixelprose.cli.choices import Output
from pixelprose.cli.errors import CommandError
from pixelprose.cli.export_app import Which
from pixelprose.cli.lake_settings import open_lake
from pixelprose.cli.printing import print_json
from pixelprose.cli.progress import bar
from pixelprose.cli.table_views import size
from pixelprose.curator.export import Rows
from pixelprose.records.counted import counted

if TYPE_CHECKING:
    from pixelprose.report import Summary


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What was asked for on the command line."""

    out: Path
    where: str | None = None
    sample: int = 60
    seed: int = 1
    rows: Which = Which.CURRENT


def run_report(
    options: ReportOptions, config: Path | None, output: Output, console: Console
) -> None:
    """Write the page, and say where it is and what is in it.

    Raises:
        CommandError: a part of the installation is missing, or the file can't be written.
        StoreError: a table or the store can't be read.
    """
    made = write_report(options, config, console)
    if output is Output.JSON:
        print_json(made)
        return
    console.print(
        f"{counted(made.captions, 'caption')}, {made.pictures:,} of them with picture and lineage, "
        f"{size(made.size_bytes)}: open [bold]{made.path}[/] in a browser.",
        highlight=False,
    )
    if made.missing_pictures:
        console.print(
            f"[yellow]Not in the store any more: {counted(made.missing_pictures, 'picture')}.[/]"
        )


def write_report(options: ReportOptions, config: Path | None, console: Console) -> "Summary":
    """Write the page and return what is in it. Raises as `run_report` does."""
    try:
        from pixelprose.report import Request, make_report  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise CommandError(
            f"{error.name} is not installed; the report needs it: pip install 'pixelprose[report]'"
        ) from error
    request = Request(options.where, Rows(options.rows), options.sample, options.seed)
    with open_lake(config) as (lake, _), bar(console) as progress:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        try:
            return make_report(lake, request, options.out, now=datetime.now(UTC), on_progress=show)
        except OSError as error:
            raise CommandError(f"{options.out}: {error.strerror}; name another file") from error
