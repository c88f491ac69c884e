"""The main of every service: arguments, settings, `build`, and an exit code."""

import argparse
import os
import re
import shutil
import sys
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

import yaml

from pixelprose.host.host import Host, Service
from pixelprose.host.logs import configure_logs
from pixelprose.host.settings import ServiceSettings, load
from pixelprose.host.settings_help import describe
from pixelprose.streamkit.errors import Stop, Unavailable
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.metrics import Metrics

S = TypeVar("S", bound=ServiceSettings)

Build = Callable[[S, Metrics], Service]


def run_service(name: str, settings: type[S], build: Build[S]) -> NoReturn:
    """Run the service until it is told to stop, and exit with the reason's code."""
    code: int
    try:
        code = _run(name, settings, build, argument_parser(name, settings).parse_args())
    except Stop as stop:
        code = _say(name, stop.code, str(stop))
    except Unavailable as error:
        code = _say(name, ExitCode.UNAVAILABLE, str(error))
    except Exception:  # noqa: BLE001 - it ends the process, with its own code
        code = _say(name, ExitCode.CRASHED, traceback.format_exc())
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of clients and models may still run; nothing of theirs is wanted any more.
    os._exit(code)


_LEAD = re.compile(r" *(\d+  )?")

_EPILOG = """\
examples:
  {prog} --config pixelprose.yaml --check-config
  {prog} --config pixelprose.yaml
  PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 {prog} --print-config

it needs:
  Kafka 4.0 or later with its topics (`pixelprose topics init`, once), and what
  the settings name; `pixelprose doctor` says what is missing.

exit codes:
{codes}

settings (a key of the file, or a variable; [..] is the default):
{settings}"""


def argument_parser(name: str, settings: type[S]) -> argparse.ArgumentParser:
    """Return what the service's arguments mean, with its help."""
    prog = f"python -m pixelprose.{name.replace('-', '_')}"
    codes = "\n".join(f"  {code:>2}  {code.meaning}\n      {code.advice}" for code in ExitCode)
    parser = argparse.ArgumentParser(
        prog=prog,
        description=f"Run the {name}, until SIGTERM drains it.\n"
        "Settings come from --config and from PIXELPROSE_* variables, which win.",
        epilog=_wrapped(
            _EPILOG.format(prog=prog, codes=codes, settings="\n".join(describe(settings)))
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="YAML file of settings")
    parser.add_argument(
        "--check-config",
        action="store_true",
        help="load models, policies and lists, ask broker and store, then end",
    )
    parser.add_argument(
        "--print-config", action="store_true", help="print the settings in force, without secrets"
    )
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="drain when standard input ends: a child that must not outlive its parent",
    )
    return parser


def _lead(line: str) -> int:
    found = _LEAD.match(line)
    return found.end() if found else 0


def _wrapped(text: str) -> str:
    """Break long lines where the terminal ends, at their own indent and behind a code."""
    width = shutil.get_terminal_size().columns
    return "\n".join(
        textwrap.fill(
            line,
            width,
            subsequent_indent=" " * _lead(line),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )


def _run(name: str, settings: type[S], build: Build[S], arguments: argparse.Namespace) -> int:
    loaded = load(settings, file=arguments.config, environ=os.environ)
    if arguments.print_config:
        shown = yaml.safe_dump(loaded.model_dump(mode="json"), sort_keys=False)
        print(shown, end="")  # noqa: T201 - what was asked for
        return ExitCode.DRAINED
    configure_logs(loaded.log, service=name)
    metrics = Metrics()
    if arguments.check_config:
        _check(build(loaded, metrics))
        print(f"{name}: the settings are good")  # noqa: T201 - what was asked for
        return ExitCode.DRAINED
    host = Host(loaded, metrics)
    if arguments.until_stdin_closes:
        host.stop_with(sys.stdin.buffer)
    return host.run(build(loaded, metrics))


def _check(service: Service) -> None:
    try:
        for runner in service.runners:
            runner.probe()
    finally:
        service.close()


def _say(name: str, code: ExitCode, detail: str) -> int:
    print(f"{name}: {detail}", file=sys.stderr)  # noqa: T201 - logs may not be set up yet
    return code
