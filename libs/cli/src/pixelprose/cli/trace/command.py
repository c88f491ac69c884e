"""The command `pixelprose trace`, thin over the module that does it."""

from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli.choices import Output
from pixelprose.cli.epilog import epilog
from pixelprose.cli.options import ConfigFile

console = Console()

TRACE_EPILOG = epilog(
    "pixelprose trace https://example.org/photo.jpg",
    "pixelprose trace 33a7cbe31d81 --since 2h",
    "pixelprose trace 33a7cbe31d81112601bcfb3554fed6f1f54b61ad12001575fcc767ddc511e88c --json",
    needs="a broker and a store.",
    then="exit code 4 says that it is not found; docs/how-to/tracing.md.",
)


def trace(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SUBMISSION|URL|SHA256",
            help="A URL; 64 hexadecimal digits: submission_id, image_id, sha256 or row_id; or the "
            "first 8 or more of a submission_id.",
        ),
    ],
    *,
    since: Annotated[
        str | None,
        typer.Option(help="Read topics from there on: 2h (ago), or 2026-03-02T09:30 (UTC)."),
    ] = None,
    show_personal_data: Annotated[
        bool, typer.Option("--show-personal-data", help="Also the records and error texts.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    config: ConfigFile = None,
) -> None:
    """Show one image's way: what happened, when, why, and by which version.

    Through every topic, table and object: with retries, redrives, duplicates
    and their owner, rejections and dead letters. Of an image of a known hash
    nothing is said but `blocked`.
    """
    from pixelprose.cli.trace.run import (  # noqa: PLC0415 - loads the Kafka client
        TraceRequest,
        run_trace,
    )

    output = Output.JSON if as_json else Output.TEXT
    request = TraceRequest(what=what, since=since, personal=show_personal_data, output=output)
    if code := run_trace(request, config, console, Console(stderr=True)):
        raise typer.Exit(code)
