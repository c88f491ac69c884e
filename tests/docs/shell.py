"""What a page's shell block calls, and whether there is such a command with such options."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import PurePath

from tests.docs.pages import ROOT
from typer import Context
from typer.core import TyperGroup
from typer.main import get_command

from pixelprose.captioner.settings import CaptionerSettings
from pixelprose.cli.app import app
from pixelprose.host.service import argument_parser
from pixelprose.host.settings import ServiceSettings
from pixelprose.ingester.settings import IngesterSettings
from pixelprose.metadata_annotator.settings import MetadataAnnotatorSettings
from pixelprose.safety_filter.settings import SafetyFilterSettings
from pixelprose.sink.settings import SinkSettings

SERVICES: dict[str, type[ServiceSettings]] = {
    "ingester": IngesterSettings,
    "safety-filter": SafetyFilterSettings,
    "metadata-annotator": MetadataAnnotatorSettings,
    "captioner": CaptionerSettings,
    "sink": SinkSettings,
}
NOT_OURS = {"cd", "export", "git", "jq", "pip", "pytest", "source"}
_ENDS = {"|", "||", "&", "&&", ";"}
_PLACEHOLDER = re.compile(r"<[a-z ,]+>")
_ASSIGNMENT = re.compile(r"[A-Z_][A-Z0-9_]*=.*")


def calls(code: str) -> Iterator[list[str]]:
    """Yield the words of each simple command, without variables before it and redirects."""
    for line in code.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(
            _PLACEHOLDER.sub("placeholder", line), posix=True, punctuation_chars=True
        )
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word not in _ENDS:
                words.append(word)
                continue
            plain = _without_redirects(words)
            while plain and _ASSIGNMENT.fullmatch(plain[0]):
                plain.pop(0)
            if plain:
                yield plain
            words = []


def _without_redirects(words: list[str]) -> list[str]:
    kept, skip = [], False
    for word in words:
        if word in {">", ">>", "<"}:
            skip = True
        elif skip:
            skip = False
        else:
            kept.append(word)
    return kept


def check(call: list[str]) -> None:
    """Do nothing if it can be called like that.

    Raises:
        Exception: of the parser that refuses it, or that there is no such program.
    """
    program, *arguments = call
    match PurePath(program).name, arguments:
        case "pixelprose", _:
            _check_command(arguments)
        case "python", ["-m", module, *options]:
            _check_module(module, options)
        case "make", _:
            for verb in (word for word in arguments if "=" not in word):
                assert verb in _verbs(), f"no verb {verb!r} in the Makefile"
        case name, _:
            assert name in NOT_OURS, f"nobody knows {name!r}"


def _check_command(arguments: list[str]) -> None:
    command, context, rest = get_command(app), None, [*arguments]
    name = "pixelprose"
    while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
        context = Context(command, info_name=name, parent=context)
        name, found = rest.pop(0), command
        command = found.get_command(context, name)  # type: ignore[assignment]
        assert command is not None, f"no command {name!r} in {' '.join(arguments)}"
    if rest == ["--help"]:
        return
    command.make_context(name, rest, parent=context)


def _check_module(module: str, options: list[str]) -> None:
    assert find_spec(module) is not None, f"no module {module}"
    service = module.removeprefix("pixelprose.").replace("_", "-")
    if service in SERVICES:
        argument_parser(service, SERVICES[service]).parse_args(
            [o for o in options if o != "--help"]
        )


@cache
def _verbs() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
