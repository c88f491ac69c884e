"""The command `pixelprose try`, thin over the module that does it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli.choices import Output
from pixelprose.cli.epilog import epilog
from pixelprose.cli.errors import CommandError
from pixelprose.cli.progress import waiting

console = Console()

TRY_EPILOG = epilog(
    "pixelprose try photo.jpg",
    'pixelprose try https://example.org/photo.jpg --alt-text "A harbour"',
    "pixelprose try photo.jpg --config my.yaml --json | jq '.rows[0].caption.text'",
    needs="models: the demo's, unless --config names others; no broker, no store.",
    then="docs/how-to/trying.md explains the record.",
)


def try_(
    image: Annotated[str, typer.Argument(metavar="IMAGE|URL", help="A file here, or a URL.")],
    *,
    alt_text: Annotated[
        str | None, typer.Option(help="What its publisher says of it; a hint for the captioner.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the record and the pictures that the steps saw.")
    ] = Path("pixelprose-try"),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="YAML file of settings as the services take it; by default the demo's models, "
            "which know only the demo's world.",
        ),
    ] = None,
) -> None:
    """Run one image through all steps here, without Kafka or a store, and print its full record.

    The steps are the services' own, with the same settings, models and
    policies; nothing is kept but the files below --out. A rejection is an
    answer, too: exit code 0.
    """
    try:
        with waiting("Loading the services"):
            from pixelprose.cli.trial.run import (  # noqa: PLC0415 - needs the services' extras
                TryRequest,
                run_try,
            )
    except ModuleNotFoundError as error:
        raise CommandError(
            f"{error.name} is missing: `try` runs every service; pip install 'pixelprose[all]'"
        ) from error

    output = Output.JSON if as_json else Output.TEXT
    request = TryRequest(image=image, alt_text=alt_text, out=out, output=output)
    run_try(request, config, console, Console(stderr=True))
