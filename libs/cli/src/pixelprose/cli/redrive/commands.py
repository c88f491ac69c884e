"""`pixelprose dlq` and `pixelprose retry`: options and help; what they do is in `run`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli.epilog import epilog
from pixelprose.cli.options import ConfigFile, spread
from pixelprose.cli.redrive.options import Doing, Letters, Rejections
from pixelprose.cli.redrive.request import Act, Request

app = typer.Typer(
    help="Dead letters: look at them, put them back, or drop them.", no_args_is_help=True
)
_console = Console()

_NEEDS = "a broker with its topics."
Lines = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Personal = Annotated[
    bool,
    typer.Option(
        "--show-personal-data", help="Also error text, key, headers and the record itself."
    ),
]


@app.command(
    "list",
    epilog=epilog(
        "pixelprose dlq list",
        "pixelprose dlq list --service captioner --reason unknown_error --since 2h",
        "pixelprose dlq list --json --limit 1000 | jq -r .id",
        needs=_NEEDS,
        then="pixelprose dlq show ID, then redrive or drop",
    ),
)
@spread
def list_(
    *,
    letters: Letters,
    limit: Annotated[int | None, typer.Option(min=1, help="The oldest so many alone.")] = 50,
    all_: Annotated[bool, typer.Option("--all", help="Also those decided about.")] = False,
    show_personal_data: Personal = False,
    json: Lines = False,
    config: ConfigFile = None,
) -> None:
    """List dead letters that are open, oldest first, with how many there are of each kind."""
    from pixelprose.cli.redrive.show import run_list  # noqa: PLC0415 - loads the Kafka client

    request = Request.of(Act.LIST, letters, Doing(limit=limit, json=json))
    run_list(request, config, _console, closed=all_, personal=show_personal_data)


@app.command(
    epilog=epilog(
        "pixelprose dlq show pixelprose.images.submitted.v1.ingester.dlq:0:12",
        needs=_NEEDS,
        then="pixelprose dlq redrive --id ID, or drop",
    ),
)
def show(
    id_: Annotated[
        str, typer.Argument(metavar="ID", help="topic:partition:offset, as `list` prints it.")
    ],
    *,
    show_personal_data: Personal = False,
    json: Lines = False,
    config: ConfigFile = None,
) -> None:
    """Show one dead letter, or one rejection."""
    from pixelprose.cli.redrive.show import run_show  # noqa: PLC0415 - loads the Kafka client

    run_show(id_, config, _console, as_json=json, personal=show_personal_data)


@app.command(
    epilog=epilog(
        "pixelprose dlq redrive --reason unknown_error --since 2d --dry-run",
        "pixelprose dlq redrive --service captioner --since 2d --yes",
        needs="what was broken to be mended: each is put back once.",
        then="pixelprose status; pixelprose dlq list",
    ),
)
@spread
def redrive(*, letters: Letters, doing: Doing, config: ConfigFile = None) -> None:
    """Put dead letters back into the topic they came from, as one more attempt; each once."""
    _run(Request.of(Act.REDRIVE, letters, doing), config)


@app.command(
    epilog=epilog(
        "pixelprose dlq drop --reason undecodable --topic images.submitted "
        "--because 'a test of another team'",
        needs=_NEEDS,
    ),
)
@spread
def drop(
    *,
    letters: Letters,
    because: Annotated[
        str | None, typer.Option(help="Why; kept in the ledger. No personal data.")
    ] = None,
    doing: Doing,
    config: ConfigFile = None,
) -> None:
    """Close dead letters for good: they are listed no more, and can't be put back."""
    _run(Request.of(Act.DROP, letters, doing, because=because), config)


RETRY_EPILOG = epilog(
    "pixelprose retry --reason timeout,http_server_error --since 1d --dry-run",
    "pixelprose retry --reason not_selected --yes",
    needs="a broker with its topics, and what caused the rejection to have changed.",
    then="pixelprose status. docs/reference/codes.md lists the reasons.",
)


@spread
def retry(*, rejections: Rejections, doing: Doing, config: ConfigFile = None) -> None:
    """Try rejected submissions again, as one more attempt, from the stage that said no.

    Some reasons are final: blocked, taken_down, opted_out, duplicate_content, duplicate_row.
    """
    _run(Request.of(Act.RETRY, rejections, doing), config)


def _run(request: Request, config: Path | None) -> None:
    from pixelprose.cli.redrive.run import run  # noqa: PLC0415 - loads the Kafka client

    if code := run(request, config, _console):
        raise typer.Exit(code)
