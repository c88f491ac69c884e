"""The command `pixelprose submit`, thin over the modules that do it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli import completion
from pixelprose.cli.epilog import epilog
from pixelprose.cli.exit_codes import CommandExit
from pixelprose.cli.options import ConfigFile, spread

console = Console()

SUBMIT_EPILOG = epilog(
    "pixelprose submit urls.csv --source my-set",
    "pixelprose submit cc12m.tsv --preset cc12m --limit 1000 --dry-run",
    "pixelprose submit shards/ photos/ s3://my-bucket/new",
    "pixelprose submit train.parquet --unpack-to /data/unpacked",
    "pixelprose submit /data/inbox --watch --every 10",
    needs="a broker with its topics: `pixelprose up`, or `pixelprose topics init`.",
    then="pixelprose status; pixelprose table show",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How rows are read."""

    preset: Annotated[
        str | None,
        typer.Option(
            help="commonpool, cc12m, redcaps, or a YAML file of your own.",
            autocompletion=completion.presets,
        ),
    ] = None
    source: Annotated[str, typer.Option(help="Name of the data set, kept in each row.")] = "cli"
    url_column: Annotated[str, typer.Option(help="Column of the URL.")] = "url"
    alt_column: Annotated[str, typer.Option(help="Column of the alt text.")] = "caption"
    licence_column: Annotated[str, typer.Option(help="Column of the licence.")] = "license"
    image_column: Annotated[
        str | None, typer.Option(help="Column of the image bytes, where it is not clear.")
    ] = None
    unpack_to: Annotated[
        Path | None, typer.Option(help="Folder for the images of data sets with an image column.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """How far to go, and when to stop."""

    watch: Annotated[
        bool, typer.Option("--watch", help="Go on looking for new files until Ctrl-C.")
    ] = False
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks.")] = 5.0
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad row.")] = False
    bad_rows: Annotated[Path | None, typer.Option(help="File for all bad rows, as JSON lines.")] = (
        None
    )
    limit: Annotated[
        int | None, typer.Option(min=1, help="Submit at most so many rows this time.")
    ] = None
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read everything, show some, submit nothing.")
    ] = False


@spread
def submit(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="WHAT...",
            help="Lists of URLs (txt, csv, tsv, json, jsonl, parquet), URLs, and images: folders, "
            "s3://bucket/prefix, .tar shards, Parquet or saved data sets with an image column.",
        ),
    ],
    *,
    reading: Reading,
    going: Going,
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary as JSON; the rest goes to stderr.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Submit images. Repeat it after an interruption: no row is submitted twice.

    Bad rows are left out, counted and named; where every row is bad, it ends with 1.
    """
    from pixelprose.cli.rows import Columns  # noqa: PLC0415 - no other command should wait for it
    from pixelprose.cli.submit_command import run_submit  # noqa: PLC0415 - loads the Kafka client
    from pixelprose.cli.submit_options import SubmitOptions  # noqa: PLC0415 - as above

    options = SubmitOptions(
        source=reading.source,
        preset=reading.preset,
        columns=Columns(
            url=(reading.url_column,),
            alt_text=(reading.alt_column,),
            licence=(reading.licence_column,),
        ),
        strict=going.strict,
        dry_run=going.dry_run,
        limit=going.limit,
        bad_rows=going.bad_rows,
        every_seconds=going.every if going.watch else None,
        unpack_to=reading.unpack_to,
        image_column=reading.image_column,
    )
    shown = Console(stderr=True) if as_json else console
    report = run_submit(what, config, options, shown)
    if as_json:
        typer.echo(report.as_json())
    if report.interrupted:
        raise typer.Exit(CommandExit.INTERRUPTED)
    if report.nothing_good:
        raise typer.Exit(CommandExit.FAILED)
