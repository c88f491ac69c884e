"""The command `pixelprose captions`, thin over the module that does it."""

from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli.choices import Output
from pixelprose.cli.epilog import epilog
from pixelprose.cli.options import ConfigFile

console = Console()

CAPTIONS_EPILOG = epilog(
    "pixelprose captions --since 1h",
    "pixelprose captions --from-table --follow --json > copy.jsonl",
    "pixelprose captions --follow --since 0s --where \"signals['aesthetic'] > 5\"",
    "pixelprose captions --json -n 3 | jq .caption.text",
    "pixelprose captions --group my-team --json",
    needs="a broker, and for --from-table a store: `pixelprose up` has both.",
    then="docs/how-to/consuming.md has the same in a program of your own.",
)


def captions(  # noqa: PLR0913 - one argument per option
    *,
    from_table: Annotated[
        bool,
        typer.Option("--from-table", help="The rows of the table first, then what is not in it."),
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    where: Annotated[
        str | None,
        typer.Option(help="SQL expression on the columns of the table `captions`, as of `export`."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Not older than: 2h (ago; 0s is now), or 2026-03-02T09:30 (UTC)."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Kafka group that remembers how far it came; without one nothing does."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="End after so many captions.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line: the row, as of `export jsonl`.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Print captions from the public topic, as any reader of it would get them.

    From the oldest that the topic keeps to the end that it has now;
    --follow goes on. Only committed records are read, and no position is
    kept unless --group names where.
    """
    from pixelprose.cli.captions.run import (  # noqa: PLC0415 - loads the Kafka client
        CaptionsRequest,
        run_captions,
    )

    request = CaptionsRequest(
        from_table=from_table,
        follow=follow,
        where=where,
        since=since,
        group=group,
        limit=limit,
        output=Output.JSON if as_json else Output.TEXT,
    )
    if code := run_captions(request, config, console, Console(stderr=True)):
        raise typer.Exit(code)
