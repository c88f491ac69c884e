"""The command `pixelprose export`, thin over the module that does it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console()


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
    shard_rows: Annotated[int | None, typer.Option(min=1, help="Rows of one file.")] = None,
    version: Annotated[
        int | None, typer.Option(min=0, help="Version of the table; the newest by default.")
    ] = None,
    author_key: Annotated[
        Path | None,
        typer.Option(help="File with a secret; authors' names are hashed with it."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="YAML file of settings; PIXELPROSE_* variables win over it."),
    ] = None,
) -> None:
    """Export captions as files; repeat it after an interruption, and it goes on.

    FORMAT is pixelprose-28 (Parquet with PixelProse's columns), webdataset (tar with image, JSON
    and text) or jsonl (whole rows). The same version, filter and format give the same bytes.

    Examples:
        pixelprose export pixelprose-28 --out build/release

        pixelprose export webdataset --out build/tars --where "signals['aesthetic'] > 5"

        pixelprose export jsonl --out build/lines --where "dataset = 'cc12m'" --rows all
    """
    from pixelprose.cli.export_command import (  # noqa: PLC0415 - loads deltalake
        ExportOptions,
        run_export,
    )
    from pixelprose.curator.export import Format, Rows  # noqa: PLC0415 - loads deltalake

    options = ExportOptions(out, where, Rows(rows), shard_rows, version, author_key)
    run_export(Format(layout), options, config, console)
