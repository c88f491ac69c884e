"""The commands `pixelprose table ...`, thin over the modules that do it."""

from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli import completion
from pixelprose.cli.choices import Output, Topics
from pixelprose.cli.epilog import epilog
from pixelprose.cli.exit_codes import CommandExit
from pixelprose.cli.options import ConfigFile, DryRun, Json
from pixelprose.cli.spans import pause

table_app = typer.Typer(
    help="Look at the tables of captions, images, rejections and dead letters; keep them fast.",
    no_args_is_help=True,
)
console = Console()

OneTable = Annotated[
    str | None,
    typer.Option(
        "--table",
        help="captions, images, rejections or dead_letters; all by default.",
        show_default=False,
        autocompletion=completion.tables,
    ),
]
Target = Annotated[int, typer.Option("--target-mb", min=1, help="Size that files should have.")]
TARGET_MB = 128
_NEEDS = "a store with tables: `pixelprose up` has one; elsewhere PIXELPROSE_STORE__*."


@table_app.command(
    epilog=epilog(
        "pixelprose table show",
        "pixelprose table show --table captions --sample 5",
        "pixelprose table show --json | jq '.[0].counts.source'",
        needs=_NEEDS,
        then="docs/how-to/reading.md opens the tables in other programs.",
    )
)
def show(
    *,
    table: OneTable = None,
    sample: Annotated[int, typer.Option(min=0, max=100, help="Rows to show of each.")] = 2,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show what is in the tables: rows, files, sizes, counts, and a sample."""
    from pixelprose.cli.table_command import run_show  # noqa: PLC0415 - loads deltalake

    run_show(config, table, sample, Output.of(as_json=json), console)


@table_app.command(
    epilog=epilog(
        "pixelprose table history",
        "pixelprose table history --table rejections --newest 50",
        needs=_NEEDS,
    )
)
def history(
    *,
    table: Annotated[
        str, typer.Option("--table", help="Which table.", autocompletion=completion.tables)
    ] = "captions",
    newest: Annotated[int, typer.Option(min=1, help="How many commits, the newest.")] = 20,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show a table's commits: time, rows, files, and the positions they brought."""
    from pixelprose.cli.table_command import run_history  # noqa: PLC0415 - loads deltalake

    run_history(config, table, newest, Output.of(as_json=json), console)


@table_app.command(
    epilog=epilog(
        "pixelprose table optimize --dry-run",
        "pixelprose table optimize --table captions",
        "pixelprose table optimize --table captions --z-order",
        needs=_NEEDS,
        then="pixelprose table vacuum, when nobody reads older versions any more",
    )
)
def optimize(
    *,
    table: OneTable = None,
    target_mb: Target = TARGET_MB,
    dry_run: DryRun = False,
    z_order: Annotated[
        bool,
        typer.Option(
            "--z-order", help="Rewrite all days before today, so that lookups open fewer files."
        ),
    ] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Bring small files together, day by day, beside running sinks and readers."""
    from pixelprose.cli import table_command  # noqa: PLC0415 - loads deltalake

    output = Output.of(as_json=json)
    if dry_run:
        table_command.run_plan(config, table, target_mb, output, console)
    elif z_order:
        table_command.run_cluster(config, table, target_mb, output, console)
    else:
        table_command.run_compact(config, table, target_mb, output, console)


@table_app.command(
    epilog=epilog("pixelprose table vacuum", "pixelprose table vacuum --delete", needs=_NEEDS)
)
def vacuum(
    *,
    table: OneTable = None,
    retain_days: Annotated[
        float, typer.Option(min=0, help="Keep what versions of the last days need; 7 is safe.")
    ] = 7.0,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete, and not only say what.")
    ] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Free what no version of the last days needs. Without --delete it only says what."""
    from pixelprose.cli import table_command  # noqa: PLC0415 - loads deltalake

    run = table_command.run_vacuum if delete else table_command.run_garbage
    run(config, table, retain_days, Output.of(as_json=json), console)


@table_app.command(
    epilog=epilog(
        "pixelprose table maintain --every 1h",
        "pixelprose table maintain --every 1d --table captions",
        needs=_NEEDS,
        then="docs/how-to/tables.md says what to watch.",
    )
)
def maintain(
    *,
    every: Annotated[str, typer.Option(help="Pause between passes: 30m, 1h, 1d.")] = "1h",
    table: OneTable = None,
    target_mb: Target = TARGET_MB,
    retain_days: Annotated[
        float, typer.Option(min=7, help="Keep what versions of the last days need.")
    ] = 7.0,
    config: ConfigFile = None,
) -> None:
    """Optimize and vacuum again and again, until SIGTERM or Ctrl-C: a process beside the sinks.

    Health and metrics are at `http.host` and `http.port`. One is enough; more do no harm.
    """
    from pixelprose.cli.maintain_command import run_maintain  # noqa: PLC0415 - loads deltalake

    run_maintain(config, table, every=pause(every), target_mb=target_mb, retain_days=retain_days)


@table_app.command(
    epilog=epilog(
        "pixelprose table check",
        "pixelprose table check --table captions --without-topics",
        needs="a store with tables; a broker, but for --without-topics.",
        then="it ends with 1 if anything is wrong, so that a daily job can tell.",
    )
)
def check(
    *,
    table: OneTable = None,
    without_topics: Annotated[
        bool, typer.Option("--without-topics", help="Do not compare with the topics.")
    ] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Check the tables against store, history and topics; exit 1 if anything is wrong.

    Every file is there; positions only rise and no row is missing; no row
    is there twice; the records that the topics still hold are rows; and
    the owner of every duplicate has ended.
    """
    from pixelprose.cli.table_command import run_check  # noqa: PLC0415 - loads deltalake

    topics = Topics.LEAVE if without_topics else Topics.COMPARE
    if not run_check(config, table, topics, Output.of(as_json=json), console):
        raise typer.Exit(CommandExit.FAILED)
