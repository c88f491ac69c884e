"""`python -m pixelprose.records`: check schemas, give ids, keep a release, fill a registry."""

import argparse
import sys
from collections.abc import Callable, Sequence

from pixelprose.records.checks import problems
from pixelprose.records.files import packaged
from pixelprose.records.registry import Registry
from pixelprose.records.releasing import assign, release
from pixelprose.records.schemas import schema_text
from pixelprose.records.settings import RegistrySettings
from pixelprose.streamkit import Stop, Unavailable

Say = Callable[[str], object]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when all is well, 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m pixelprose.records", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    schemas = commands.add_parser("schemas", help="the folder schemas/")
    schemas.add_argument("verb", choices=sorted(_VERBS))
    show = commands.add_parser("show", help="print a record's complete schema")
    show.add_argument("record", choices=packaged().records)
    register = commands.add_parser("register", help="register all schemas, as an operator")
    register.add_argument("url", help="of a Confluent-compatible registry")
    given = parser.parse_args(arguments)
    match given.command:
        case "schemas":
            return _VERBS[given.verb](_out)
        case "show":
            _out(schema_text(given.record))
            return 0
        case _:
            return _register(given.url)


def _check(say: Say) -> int:
    found = problems(packaged().root)
    for problem in found:
        say(problem)
    say(f"{len(packaged().records)} schemas, {len(found)} problems")
    return 1 if found else 0


def _assign(say: Say) -> int:
    for entry in assign(packaged().root):
        say(f"{entry.record}: id {entry.id}")
    return 0


def _release(say: Say) -> int:
    if _check(say):
        return 1
    for name in release(packaged().root):
        say(f"released/{name}")
    return 0


def _register(url: str) -> int:
    try:
        registry = Registry(RegistrySettings(url=url))
        for record in packaged().records:
            _out(f"{record}: id {registry.register(record)}")
    except (Stop, Unavailable) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _out(line: str) -> None:
    sys.stdout.write(f"{line}\n")


_VERBS: dict[str, Callable[[Say], int]] = {
    "check": _check,
    "assign": _assign,
    "release": _release,
}

if __name__ == "__main__":
    sys.exit(main())
