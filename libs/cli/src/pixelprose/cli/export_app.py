"""The command `pixelprose export`, thin over the module that does it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli.epilog import epilog
from pixelprose.cli.options import ConfigFile

console = Console()

EXPORT_EPILOG = epilog(
    "pixelprose export pixelprose-28 --out release",
    "pixelprose export webdataset --out tars --where \"signals['aesthetic'] > 5\"",
    "pixelprose export jsonl --out lines --where \"dataset = 'cc12m'\" --rows all",
    needs="a store with a table of captions.",
    then="manifest.json in --out says what is there; docs/how-to/tables.md says more.",
)


class Layout(StrEnum):
    """The formats, by the names that people type."""

    PIXELPROSE_28 = "pixelprose-28"
    WEBDATASET = "webdataset"
    JSONL = "jsonl"


class Which(StrEnum):
    """Which captions of an image."""

    CURRENT = "current"
    ALL = "all"


def export(  # noqa: PLR0913 - one argument per option
    layout: Annotated[Layout, typer.Argument(help="How the files look.", metavar="FORMAT")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the files and manifest.json.")],
    where: Annotated[
        str | None, typer.Option(help="SQL expression on the columns of `captions`.")
    ] = None,
    rows: Annotated[
        Which, typer.Option(help="The current caption of each image, or every caption.")
    ] = Which.CURRENT,
    shard_rows: Annotated[
        int | None, typer.Option(min=1, help="Rows of one file; by default as the format wants.")
    ] = None,
    version: Annotated[
        int | None, typer.Option(min=0, help="Version of the table; the newest by default.")
    ] = None,
    author_key: Annotated[
        Path | None,
        typer.Option(help="File with a secret; authors' names are hashed with it."),
    ] = None,
    config: ConfigFile = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the manifest; the rest goes to stderr.")
    ] = False,
) -> None:
    """Export captions as files; repeat it after an interruption, and it goes on.

    FORMAT is pixelprose-28 (Parquet with PixelProse's columns),
    webdataset (tar with image, JSON and text) or jsonl (whole rows). The
    same version, filter and format give the same bytes.
    """
    from pixelprose.cli.export_command import (  # noqa: PLC0415 - loads deltalake
        ExportOptions,
        run_export,
    )
    from pixelprose.curator.export import Format, Rows  # noqa: PLC0415 - loads deltalake

    options = ExportOptions(out, where, Rows(rows), shard_rows, version, author_key)
    run_export(Format(layout), options, config, Console(stderr=True) if as_json else console)
    if as_json:
        typer.echo((out / "manifest.json").read_text(encoding="utf-8"), nl=False)
