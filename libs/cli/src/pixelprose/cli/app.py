"""The command line `pixelprose`: one function per command, thin over the modules that do it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli.errors import EXPECTED_ERRORS
from pixelprose.cli.export_app import export
from pixelprose.cli.redrive.commands import app as dlq
from pixelprose.cli.redrive.commands import retry
from pixelprose.cli.rows import Columns
from pixelprose.cli.table_app import table_app

app = typer.Typer(
    name="pixelprose",
    help="Turn image URLs into a trustworthy, ever-growing set of dense captions, on Kafka.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
topics = typer.Typer(help="Create the topics and the first positions.", no_args_is_help=True)
app.add_typer(topics, name="topics")
app.add_typer(dlq, name="dlq")
app.command(
    epilog="Example: pixelprose retry --reason timeout,http_server_error --since 1d --dry-run"
)(retry)
app.add_typer(table_app, name="table")
app.command()(export)

console = Console()

_INTERRUPTED = 130
"""Exit code after Ctrl-C, as of a shell."""

_SUBMIT_EXAMPLES = """Examples:

pixelprose submit urls.csv --source my-set

pixelprose submit cc12m.tsv --preset cc12m --limit 1000 --dry-run

pixelprose submit shards/ photos/ s3://my-bucket/new

pixelprose submit train.parquet --unpack-to /data/unpacked

pixelprose submit /data/inbox --watch --every 10
"""

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file of settings; PIXELPROSE_* variables win over it."),
]


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for data, logs and summary.json.")] = Path(
        "build/demo"
    ),
    images: Annotated[int, typer.Option(min=12, help="Pictures to submit.")] = 300,
    seed: Annotated[int, typer.Option(min=0, max=800, help="Which pictures.")] = 1,
) -> None:
    """Run the whole pipeline on demo pictures and some trouble, then sum up.

    Starts a real Kafka and S3 server and the five services, and stops them again.
    """
    from pixelprose.cli.demo import DemoOptions, run_demo  # noqa: PLC0415 - needs the demo extra

    summary = run_demo(DemoOptions(out=out, images=images, seed=seed), console)
    console.print()
    console.print(summary.render())
    console.print(
        f"\n{summary.seconds:.0f} s of work, {summary.total_seconds:.0f} s in all, "
        f"{summary.peak_memory_bytes / 1e9:.1f} GB of memory at most. "
        f"Figures are in {out / 'summary.json'}, logs in {out / 'logs'}.\n"
        f"To look further: [bold]pixelprose up --data {out}[/] starts everything again on this "
        "data; docs/how-to/consuming.md reads the table and the topic."
    )
    if not summary.adds_up:
        raise typer.Exit(1)


@app.command()
def up(
    data: Annotated[Path, typer.Option(help="Folder for all data, logs and settings.")] = Path(
        "pixelprose-data"
    ),
    config: ConfigFile = None,
) -> None:
    """Run Kafka, the S3 server and all services here, with a live view, until Ctrl-C."""
    from pixelprose.cli.up import run_up  # noqa: PLC0415 - needs the embedded extra

    run_up(data, config, console)


@topics.command("init")
def topics_init(
    config: ConfigFile = None,
    partitions: Annotated[
        int | None, typer.Option(help="Partitions of every topic; fixed at creation.")
    ] = None,
    replication: Annotated[int, typer.Option(help="Replicas of every partition.")] = 3,
) -> None:
    """Create what is missing: topics, schemas, first positions. Safe to repeat."""
    from pixelprose.cli.topics_init import run_topics_init  # noqa: PLC0415 - loads the Kafka client

    run_topics_init(config, partitions, replication, console)


@app.command(epilog=_SUBMIT_EXAMPLES)
def submit(  # noqa: PLR0913 - one per option
    what: Annotated[
        list[str],
        typer.Argument(
            help="Lists of URLs (txt, csv, tsv, json, jsonl, parquet), URLs, and images: folders, "
            "s3://bucket/prefix, .tar shards, Parquet or saved data sets with an image column."
        ),
    ],
    *,
    config: ConfigFile = None,
    preset: Annotated[
        str | None, typer.Option(help="commonpool, cc12m, redcaps, or a YAML file of your own.")
    ] = None,
    source: Annotated[str, typer.Option(help="Name of the data set, kept in each row.")] = "cli",
    url_column: Annotated[str, typer.Option(help="Column of the URL.")] = "url",
    alt_column: Annotated[str, typer.Option(help="Column of the alt text.")] = "caption",
    licence_column: Annotated[str, typer.Option(help="Column of the licence.")] = "license",
    image_column: Annotated[
        str | None, typer.Option(help="Column of the image bytes, where it is not clear.")
    ] = None,
    unpack_to: Annotated[
        Path | None, typer.Option(help="Folder for the images of data sets with an image column.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on looking for new files until Ctrl-C.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks.")] = 5.0,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad row.")] = False,
    bad_rows: Annotated[
        Path | None, typer.Option(help="File for all bad rows, as JSON lines.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Submit at most so many rows this time.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read everything, show some, submit nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary as JSON; the rest goes to stderr.")
    ] = False,
) -> None:
    """Submit images. Repeat it after an interruption: no row is submitted twice."""
    from pixelprose.cli.submit_command import run_submit  # noqa: PLC0415 - loads the Kafka client
    from pixelprose.cli.submit_options import SubmitOptions  # noqa: PLC0415 - as above

    options = SubmitOptions(
        source=source,
        preset=preset,
        columns=Columns(url=(url_column,), alt_text=(alt_column,), licence=(licence_column,)),
        strict=strict,
        dry_run=dry_run,
        limit=limit,
        bad_rows=bad_rows,
        every_seconds=every if watch else None,
        unpack_to=unpack_to,
        image_column=image_column,
    )
    shown = Console(stderr=True) if as_json else console
    report = run_submit(what, config, options, shown)
    if as_json:
        typer.echo(report.as_json())
    if report.interrupted:
        raise typer.Exit(_INTERRUPTED)


@app.command()
def status(config: ConfigFile = None) -> None:
    """Show per topic and group: records, lag, and what lies in dead-letter topics."""
    from pixelprose.cli.status import run_status  # noqa: PLC0415 - loads the Kafka client

    run_status(config, console)


@app.command()
def doctor(config: ConfigFile = None) -> None:
    """Say what this machine or cluster lacks, and what to do about it."""
    from pixelprose.cli.doctor import run_doctor  # noqa: PLC0415 - loads clients

    if not run_doctor(config, console):
        raise typer.Exit(1)


@app.command()
def schema(record: Annotated[str, typer.Argument(help="Such as caption_annotated.")]) -> None:
    """Print the complete Avro schema of a record."""
    from pixelprose.cli.schema_command import schema_json  # noqa: PLC0415 - as the others

    typer.echo(schema_json(record))


def main() -> None:
    """Run the command line; errors that people can act on are one message, not a trace."""
    try:
        app()
    except EXPECTED_ERRORS as error:
        Console(stderr=True).print(f"[red]error:[/] {error}", highlight=False)
        raise SystemExit(1) from error
