"""The command `pixelprose expire`, thin over the module that does it."""

from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli.choices import Output
from pixelprose.cli.epilog import epilog
from pixelprose.cli.options import ConfigFile, Json

console = Console()

EXPIRE_EPILOG = epilog(
    "pixelprose expire",
    "pixelprose expire --delete",
    "pixelprose expire --config cluster.yaml --json | jq 'map(.count) | add'",
    needs="a store, and the right to list and delete in its bucket.",
    then="run it with --delete once a day, where `pixelprose doctor` says that nothing expires.",
)


def expire(
    *,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete, and not only say how much.")
    ] = False,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Delete what outlived `ingester.expiry`. Without --delete it only says how much that is.

    For stores without lifecycle rules, and for originals that were let out
    (`originals_days`), which no rule can name. Images, claims and tables stay.
    """
    from pixelprose.cli.expire_command import (  # noqa: PLC0415 - loads the S3 client
        run_expire,
        run_overdue,
    )

    run = run_expire if delete else run_overdue
    run(config, Output.of(as_json=as_json), console)
