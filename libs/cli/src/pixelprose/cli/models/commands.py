"""`pixelprose models`: list what profiles name; fetch it."""

import json
from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli.epilog import epilog
from pixelprose.cli.options import Json

app = typer.Typer(help="Real models: list and fetch what a profile names.", no_args_is_help=True)
console = Console()

ProfileName = Annotated[
    str, typer.Option("--profile", help="cpu, gpu, endpoint, or a YAML file of your own.")
]


@app.command(
    "pull",
    epilog=epilog(
        "pixelprose models pull --profile cpu",
        "pixelprose models pull --profile gpu --yes",
        needs="the network, once, and the room that it shows.",
        then="pixelprose up --profile cpu --known-hashes known.csv",
    ),
)
def pull_models(
    *,
    profile: ProfileName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before fetching.")] = False,
) -> None:
    """Show each model's size and licence, ask, fetch and check. Goes on where it broke off."""
    from pixelprose.cli.models.hub import Hub  # noqa: PLC0415 - takes a second to load
    from pixelprose.cli.models.profile import load_profile  # noqa: PLC0415 - as above
    from pixelprose.cli.models.pull import pull  # noqa: PLC0415 - as above
    from pixelprose.cli.models.shelf import Shelf  # noqa: PLC0415 - as above

    pull(
        load_profile(profile),
        shelf=Shelf.of_this_machine(),
        hub=Hub(),
        console=console,
        agreed=lambda: yes or typer.confirm("Fetch them?"),
    )


@app.command(
    "list",
    epilog=epilog(
        "pixelprose models list",
        "pixelprose models list --profile gpu --json",
        needs="nothing.",
        then="pixelprose models pull --profile cpu",
    ),
)
def list_models(
    *,
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="One profile; all of ours by default.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the models of the profiles: what for, licence, size, and whether they are here."""
    from pixelprose.cli.models.listing import (  # noqa: PLC0415 - as above
        as_documents,
        listed,
        models_view,
    )
    from pixelprose.cli.models.profile import load_profile, profile_names  # noqa: PLC0415 - as above
    from pixelprose.cli.models.shelf import Shelf  # noqa: PLC0415 - as above

    names = [profile] if profile else profile_names()
    models = listed(map(load_profile, names), Shelf.of_this_machine())
    if as_json:
        typer.echo(json.dumps(as_documents(models), indent=2))
    else:
        console.print(models_view(models))
