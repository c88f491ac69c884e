"""The command line `pixelprose`: one function per command, thin over the modules that do it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from pixelprose.cli import completion
from pixelprose.cli.captions.command import CAPTIONS_EPILOG, captions
from pixelprose.cli.choices import Output
from pixelprose.cli.epilog import epilog
from pixelprose.cli.errors import exit_of, message_of
from pixelprose.cli.exit_codes import CommandExit
from pixelprose.cli.expire_app import EXPIRE_EPILOG, expire
from pixelprose.cli.export_app import EXPORT_EPILOG, export
from pixelprose.cli.models.commands import app as models
from pixelprose.cli.options import ConfigFile, Json
from pixelprose.cli.plan.commands import PLAN_EPILOG, plan
from pixelprose.cli.redrive.commands import RETRY_EPILOG, retry
from pixelprose.cli.redrive.commands import app as dlq
from pixelprose.cli.report_app import REPORT_EPILOG, report
from pixelprose.cli.submit_app import SUBMIT_EPILOG, submit
from pixelprose.cli.table_app import table_app
from pixelprose.cli.trace.command import TRACE_EPILOG, trace
from pixelprose.cli.trial.command import TRY_EPILOG, try_

HERE = "On this machine"
FEED = "Images in"
LOOK = "Captions out"
FAILED = "When something failed"
CLUSTER = "A cluster"

app = typer.Typer(
    name="pixelprose",
    help="Turn image URLs into a trustworthy, ever-growing set of dense captions, on Kafka.",
    epilog=epilog(
        "pixelprose demo",
        "pixelprose up",
        "pixelprose submit urls.csv",
        then="each command has examples in its own --help.",
    )
    + "\n[bold]Exit codes:[/] "
    + "; ".join(f"{int(code)} {code.name.lower().replace('_', ' ')}" for code in CommandExit),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console = Console()


@app.command(
    rich_help_panel=HERE,
    epilog=epilog(
        "pixelprose demo",
        "pixelprose demo --images 60 --seed 7 --out /tmp/demo",
        needs="the extra `demo` (`make setup` has it); the network, once, for Kafka and the S3 "
        "server (69 MB).",
        then="pixelprose up --data build/demo, then pixelprose table show "
        "--config build/demo/pixelprose.yaml",
    ),
)
def demo(
    *,
    out: Annotated[Path, typer.Option(help="Folder for data, logs and summary.json.")] = Path(
        "build/demo"
    ),
    images: Annotated[int, typer.Option(min=12, help="Pictures to submit.")] = 300,
    seed: Annotated[int, typer.Option(min=0, max=800, help="Which pictures.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary as JSON; the rest goes to stderr.")
    ] = False,
) -> None:
    """Run the whole pipeline on demo pictures and some trouble, then sum up and show it.

    Starts a real Kafka and S3 server and the five services, and stops
    them again. What --out holds from an earlier run is deleted.
    """
    from pixelprose.cli.demo import DemoOptions, run_demo  # noqa: PLC0415 - needs the demo extra

    shown = Console(stderr=True) if as_json else console
    options = DemoOptions(out=out, images=images, seed=seed)
    summary = run_demo(options, shown)
    if as_json:
        typer.echo((out / "summary.json").read_text(encoding="utf-8"), nl=False)
    shown.print()
    shown.print(summary.render())
    shown.print(
        f"\n{summary.seconds:.0f} s of work, {summary.total_seconds:.0f} s in all, "
        f"{summary.peak_memory_bytes / 1e9:.1f} GB of memory at most. "
        f"Figures are in {out / 'summary.json'}, logs in {out / 'logs'}.\n"
        f"What it made, with pictures: open [bold]{options.report}[/] in a browser.\n"
        f"To look further: [bold]pixelprose up --data {out}[/] starts everything again on this "
        "data; docs/tutorial/newcomers-hour.md goes on from here."
    )
    if not summary.adds_up:
        raise typer.Exit(CommandExit.FAILED)


@app.command(
    rich_help_panel=HERE,
    epilog=epilog(
        "pixelprose up",
        "pixelprose up --data /data/pixelprose --config models.yaml",
        "pixelprose up --profile cpu --known-hashes known.csv",
        "pixelprose up --profile gpu --gpus 0-7 --known-hashes known.csv",
        needs="the extra `all`; about 4 GB of memory with the demo's models.",
        then="in a second terminal: pixelprose submit urls.csv; pixelprose status",
    ),
)
def up(
    *,
    data: Annotated[Path, typer.Option(help="Folder for all data, logs and settings.")] = Path(
        "pixelprose-data"
    ),
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="YAML file with sections of services, such as `captioner`, over the demo's.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="Real models: cpu, gpu, endpoint, or a YAML file; else the demo's.",
            show_default=False,
        ),
    ] = None,
    gpus: Annotated[
        str | None,
        typer.Option(help="GPUs such as 0-7: one captioner for each.", show_default=False),
    ] = None,
    known_hashes: Annotated[
        list[str] | None,
        typer.Option(
            help="A list of known hashes (repeatable), or `demo`: it protects nobody.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run Kafka, the S3 server and all services here, with a live view, until Ctrl-C."""
    from pixelprose.cli.gpus import gpu_numbers  # noqa: PLC0415 - as the others
    from pixelprose.cli.up import run_up  # noqa: PLC0415 - needs embedded
    from pixelprose.cli.up_sections import UpOptions  # noqa: PLC0415 - as above

    options = UpOptions(
        data,
        config=config,
        profile=profile,
        gpus=gpu_numbers(gpus) if gpus else (),
        known_hashes=known_hashes or (),
    )
    run_up(options, console)


app.command(rich_help_panel=FEED, epilog=SUBMIT_EPILOG)(submit)


@app.command(
    rich_help_panel=FEED,
    epilog=epilog(
        "pixelprose status",
        "pixelprose status --json | jq '.topics[] | select(.lag > 0)'",
        needs="a broker with its topics.",
        then="pixelprose dlq list, where there are dead letters",
    ),
)
def status(*, config: ConfigFile = None, as_json: Json = False) -> None:
    """Show per topic and group: records, lag, and what lies in dead-letter topics."""
    from pixelprose.cli.status import run_status  # noqa: PLC0415 - loads the Kafka client

    run_status(config, console, output=Output.of(as_json=as_json))


app.add_typer(table_app, name="table", rich_help_panel=LOOK)
app.command(rich_help_panel=LOOK, epilog=REPORT_EPILOG)(report)
app.command(rich_help_panel=LOOK, epilog=EXPORT_EPILOG)(export)
app.command(rich_help_panel=LOOK, epilog=CAPTIONS_EPILOG)(captions)
app.command(rich_help_panel=LOOK, epilog=TRACE_EPILOG)(trace)
app.add_typer(models, name="models", rich_help_panel=HERE)
app.command(rich_help_panel=HERE, epilog=PLAN_EPILOG)(plan)
app.command("try", rich_help_panel=HERE, epilog=TRY_EPILOG)(try_)


@app.command(
    rich_help_panel=LOOK,
    epilog=epilog(
        "pixelprose schema caption_annotated > captions.avsc",
        then="docs/how-to/consuming.md reads the topic with it.",
    ),
)
def schema(
    record: Annotated[
        str, typer.Argument(help="Such as caption_annotated.", autocompletion=completion.records)
    ],
) -> None:
    """Print the complete Avro schema of a record, as JSON."""
    from pixelprose.cli.schema_command import schema_json  # noqa: PLC0415 - as the others

    typer.echo(schema_json(record))


app.add_typer(dlq, name="dlq", rich_help_panel=FAILED)
app.command(rich_help_panel=FAILED, epilog=RETRY_EPILOG)(retry)


@app.command(
    rich_help_panel=CLUSTER,
    epilog=epilog(
        "pixelprose doctor",
        "pixelprose doctor --config cluster.yaml --json",
        needs="nothing; without settings only this machine is looked at.",
        then="what it says; it ends with 1 while anything is missing (✗), not for a warning (!).",
    ),
)
def doctor(*, config: ConfigFile = None, as_json: Json = False) -> None:
    """Say what this machine or cluster lacks, and what to do about it."""
    from pixelprose.cli.doctor import run_doctor  # noqa: PLC0415 - loads clients

    if not run_doctor(config, console, output=Output.of(as_json=as_json)):
        raise typer.Exit(CommandExit.FAILED)


app.command(rich_help_panel=CLUSTER, epilog=EXPIRE_EPILOG)(expire)

topics = typer.Typer(help="Create the topics and the first positions.", no_args_is_help=True)
app.add_typer(topics, name="topics", rich_help_panel=CLUSTER)


@topics.command(
    "init",
    epilog=epilog(
        "pixelprose topics init",
        "pixelprose topics init --partitions 16 --replication 1",
        needs="a broker, and the right to create topics there.",
        then="pixelprose doctor; then start the services",
    ),
)
def topics_init(
    *,
    partitions: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Partitions of every topic; fixed at creation. By default those of "
            "schemas/topics.yaml.",
            show_default="64",
        ),
    ] = None,
    replication: Annotated[int, typer.Option(min=1, help="Replicas of every partition.")] = 3,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Create what is missing: topics, schemas, first positions. Safe to repeat."""
    from pixelprose.cli.topics_init import run_topics_init  # noqa: PLC0415 - loads the Kafka client

    run_topics_init(config, partitions, replication, console, output=Output.of(as_json=as_json))


def main() -> None:
    """Run the command line; errors that people can act on are one message, not a trace."""
    try:
        app()
    except Exception as error:
        said = message_of(error)
        if said is None:
            raise
        message = Text.assemble(("error: ", "red"), said)
        Console(stderr=True).print(message, soft_wrap=True)
        raise SystemExit(exit_of(error)) from error
