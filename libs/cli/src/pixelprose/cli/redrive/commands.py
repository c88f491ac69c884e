"""`pixelprose dlq` and `pixelprose retry`: options and help; what they do is in `run`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli.redrive.request import Act, Request

app = typer.Typer(
    help="Dead letters: look at them, put them back, or drop them.", no_args_is_help=True
)
_console = Console()

Config = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file of settings; PIXELPROSE_* variables win over it."),
]
Topics = Annotated[
    list[str] | None,
    typer.Option("--topic", help="Topic that was read, such as images.submitted; repeatable."),
]
Services = Annotated[
    list[str] | None, typer.Option("--service", help="Service that gave up; repeatable.")
]
Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Reasons: a,b or repeated.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="As `list` prints it; repeatable.")]
Submissions = Annotated[
    list[str] | None, typer.Option("--submission", help="Submission id, or its first 8 digits.")
]
Since = Annotated[
    str | None, typer.Option("--since", help="Not older than: 2h (ago), or 2026-03-02T09:30 (UTC).")
]
Until = Annotated[str | None, typer.Option("--until", help="Older than: as --since.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="The oldest so many alone.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]
Personal = Annotated[
    bool,
    typer.Option(
        "--show-personal-data", help="Also error text, key, headers and the record itself."
    ),
]


@app.command(
    "list",
    epilog="Example: pixelprose dlq list --service captioner --reason unknown_error --since 2h",
)
def list_(  # noqa: PLR0913 - one parameter per option
    *,
    topic: Topics = None,
    service: Services = None,
    reason: Reasons = None,
    since: Since = None,
    until: Until = None,
    id_: Ids = None,
    submission: Submissions = None,
    limit: Limit = 50,
    all_: Annotated[bool, typer.Option("--all", help="Also those decided about.")] = False,
    show_personal_data: Personal = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """List dead letters that are open, oldest first, with how many there are of each kind."""
    from pixelprose.cli.redrive.show import run_list  # noqa: PLC0415 - loads the Kafka client

    request = Request(
        act=Act.LIST,
        topics=topic or [],
        services=service or [],
        reasons=reason or [],
        ids=id_ or [],
        submissions=submission or [],
        since=since,
        until=until,
        limit=limit,
        json=json,
    )
    run_list(request, config, _console, closed=all_, personal=show_personal_data)


@app.command(
    epilog="Example: pixelprose dlq show pixelprose.images.submitted.v1.ingester.dlq:0:12",
)
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `list` prints it.")],
    *,
    show_personal_data: Personal = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Show one dead letter, or one rejection."""
    from pixelprose.cli.redrive.show import run_show  # noqa: PLC0415 - loads the Kafka client

    run_show(id_, config, _console, as_json=json, personal=show_personal_data)


@app.command(
    epilog="Example: pixelprose dlq redrive --reason unknown_error --since 2d --dry-run",
)
def redrive(  # noqa: PLR0913 - one parameter per option
    *,
    topic: Topics = None,
    service: Services = None,
    reason: Reasons = None,
    since: Since = None,
    until: Until = None,
    id_: Ids = None,
    submission: Submissions = None,
    limit: Limit = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Put dead letters back into the topic they came from, as one more attempt; each once."""
    from pixelprose.cli.redrive.run import run  # noqa: PLC0415 - loads the Kafka client

    request = Request(
        act=Act.REDRIVE,
        topics=topic or [],
        services=service or [],
        reasons=reason or [],
        ids=id_ or [],
        submissions=submission or [],
        since=since,
        until=until,
        limit=limit,
        dry_run=dry_run,
        yes=yes,
        json=json,
    )
    _exit(run(request, config, _console))


@app.command(
    epilog="Example: pixelprose dlq drop --reason undecodable --topic images.submitted "
    "--because 'a test of another team'",
)
def drop(  # noqa: PLR0913 - one parameter per option
    *,
    topic: Topics = None,
    service: Services = None,
    reason: Reasons = None,
    since: Since = None,
    until: Until = None,
    id_: Ids = None,
    submission: Submissions = None,
    limit: Limit = None,
    because: Annotated[
        str | None, typer.Option("--because", help="Why; kept in the ledger. No personal data.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Close dead letters for good: they are listed no more, and can't be put back."""
    from pixelprose.cli.redrive.run import run  # noqa: PLC0415 - loads the Kafka client

    request = Request(
        act=Act.DROP,
        topics=topic or [],
        services=service or [],
        reasons=reason or [],
        ids=id_ or [],
        submissions=submission or [],
        since=since,
        until=until,
        limit=limit,
        because=because,
        dry_run=dry_run,
        yes=yes,
        json=json,
    )
    _exit(run(request, config, _console))


def retry(  # noqa: PLR0913 - one parameter per option
    *,
    reason: Reasons = None,
    service: Services = None,
    since: Since = None,
    until: Until = None,
    id_: Ids = None,
    submission: Submissions = None,
    limit: Limit = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Try rejected submissions again, as one more attempt, from the stage that said no.

    Some reasons are final: blocked, taken_down, opted_out, duplicate_content, duplicate_row.
    """
    from pixelprose.cli.redrive.run import run  # noqa: PLC0415 - loads the Kafka client

    request = Request(
        act=Act.RETRY,
        services=service or [],
        reasons=reason or [],
        ids=id_ or [],
        submissions=submission or [],
        since=since,
        until=until,
        limit=limit,
        dry_run=dry_run,
        yes=yes,
        json=json,
    )
    _exit(run(request, config, _console))


def _exit(code: int) -> None:
    if code:
        raise typer.Exit(code)
