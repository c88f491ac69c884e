"""Every command with its options, defaults and examples, as `--help` has them."""

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import Final

from rich.text import Text
from typer import Context
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from pixelprose.cli.app import app
from pixelprose.cli.epilog import EXAMPLES, NEEDS, NEXT
from pixelprose.cli.reference.markdown import code, table, title

_HEAD: Final = """\
Settings come from `--config`, from `PIXELPROSE_*` [variables](settings.md), or from the file that
`pixelprose up` wrote. Errors are one message on standard error; [exit codes](exit-codes.md) say how
it went. `pixelprose --install-completion` lets Tab complete commands and options, and reasons,
services, topics, tables and records where an option takes one.
"""
_HIDDEN: Final = {"help", "install_completion", "show_completion"}


def page() -> str:
    """Return the page."""
    command = get_command(app)
    assert isinstance(command, TyperGroup)  # noqa: S101 - it has commands
    parts = [title("Commands", source="the command line itself"), _HEAD]
    return "\n".join([*parts, *_group(command, "pixelprose", Context(command))])


def _group(group: TyperGroup, name: str, context: Context) -> Iterator[str]:
    for each in group.list_commands(context):
        command = group.get_command(context, each)
        path = f"{name} {each}"
        if isinstance(command, TyperGroup):
            yield f"## `{path}`\n\n{cleandoc(command.help or '')}\n"
            yield from _group(command, path, context)
        elif isinstance(command, TyperCommand):
            yield from _command(command, path, context)


def _command(command: TyperCommand, path: str, context: Context) -> Iterator[str]:
    yield f"{'#' * min(3, len(path.split()))} `{path}`\n"
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    yield f"`{usage}`\n\n{cleandoc(command.help or '')}\n"
    yield from _epilog(Text.from_markup(command.epilog or "").plain.splitlines())
    rows = list(_parameters(command, context))
    if rows:
        yield table(("argument or option", "default", "meaning"), rows)


def _epilog(lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    examples = [line for line in lines if not line.startswith((EXAMPLES, NEEDS, NEXT))]
    if examples:
        yield "```sh parsed\n" + "\n".join(examples) + "\n```\n"
    for line in lines:
        if line.startswith((NEEDS, NEXT)):
            yield f"{line}\n"


def _parameters(command: TyperCommand, context: Context) -> Iterator[tuple[str, str, str]]:
    for parameter in command.get_params(context):
        if parameter.name in _HIDDEN or not isinstance(parameter, TyperArgument | TyperOption):
            continue
        record = parameter.get_help_record(context)
        if record is not None:
            yield code(record[0]), _default(parameter), parameter.help or ""


def _default(parameter: TyperArgument | TyperOption) -> str:
    if parameter.required:
        return "**required**"
    shown = parameter.show_default if isinstance(parameter.show_default, str) else parameter.default
    return "" if shown is None or shown is False or shown == () else code(str(shown))
