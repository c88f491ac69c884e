"""The command line `pixelprose`: one module per command, wired here."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli import commands

app = typer.Typer(
    name="pixelprose",
    help="Turn image URLs into a trustworthy, ever-growing set of dense captions, on Kafka.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
topics = typer.Typer(help="Create and check the topics.", no_args_is_help=True)
app.add_typer(topics, name="topics")

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="A YAML file of settings; PIXELPROSE_* variables win over it."),
]
