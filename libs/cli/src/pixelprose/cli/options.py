"""Options that several commands have."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pixelprose.cli.errors import WrongUsage

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="YAML file of settings; PIXELPROSE_* variables win over it. By default what "
        "`pixelprose up` wrote here.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; do nothing.")]


def named_file(file: Path, *, option: str) -> Path:
    """Return the file that an option names.

    Raises:
        WrongUsage: there is none.
    """
    if not file.is_file():
        raise WrongUsage(f"{option} {file}: no such file")
    return file


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command the fields of its dataclass parameters as options, and it the dataclasses.

    Options that go together are then declared once, for all commands that have them.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Any]] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        group = parameter.annotation
        if isinstance(group, type) and is_dataclass(group):
            groups[parameter.name] = group
            parameters += inspect.signature(group, eval_str=True).parameters.values()
        else:
            parameters.append(parameter)

    @functools.wraps(command)
    def run(**given: object) -> None:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        command(**given)

    keywords = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    run.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]  # how typer reads it
    run.__annotations__ = {each.name: each.annotation for each in keywords}
    return run
