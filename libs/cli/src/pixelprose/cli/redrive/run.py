"""`pixelprose dlq redrive`, `dlq drop` and `retry`: choose, ask, do, report."""

import getpass
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.text import Text

from pixelprose.cli.client_settings import client_settings
from pixelprose.cli.exit_codes import CommandExit
from pixelprose.cli.progress import bar, waiting
from pixelprose.cli.redrive.archive import Archive
from pixelprose.cli.redrive.choosing import Chosen, Kinds, check_there, choose, kept, wanted
from pixelprose.cli.redrive.decision import Deciding, Refused
from pixelprose.cli.redrive.drive import Decide, Report, drive, rehearse
from pixelprose.cli.redrive.masking import printable
from pixelprose.cli.redrive.request import Act, Request

_NAMED: Final = 20
_DONE: Final = {
    Act.REDRIVE: "put back",
    Act.RETRY: "put back to be tried again",
    Act.DROP: "dropped",
}


def run(
    request: Request,
    config: Path | None,
    console: Console,
    *,
    ask: Callable[[str], bool] = typer.confirm,
) -> int:
    """Do what is asked for, once; return the exit code.

    Raises:
        CommandError, KafkaException, StreamError: it can't be done, or not by this run.
    """
    which = wanted(request, now=datetime.now(UTC))
    with waiting("Reading what there is"):
        archive = Archive(client_settings(config), which.topics)
        check_there(which.places, archive.spans)
        ledger = archive.ledger()
        chosen = choose(archive.failures(), ledger, which, limit=request.limit)
    if not chosen.places:
        _say_nothing(request, console)
        return CommandExit.DONE
    decide = _decide(request, archive)
    if request.dry_run:
        with waiting("Trying what would be done"):
            report = rehearse(archive, chosen.places, decide, ledger)
    else:
        if not request.yes and not ask(_question(request, chosen.kinds)):
            console.print("Nothing was done.")
            return CommandExit.FAILED
        report = _driven(archive, chosen, decide, console, quiet=request.json)
    _say(request, report, console)
    return CommandExit.SOME_REFUSED if report.refused else CommandExit.DONE


def _decide(request: Request, archive: Archive) -> Decide:
    deciding = Deciding(archive.codec, archive.kafka, by=account(), now=lambda: datetime.now(UTC))
    if request.act is Act.DROP:
        return partial(deciding.drop, note=request.because)
    return deciding.put_back


def account() -> str:
    """Return who runs the command: a name, or the number of an account without one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _driven(
    archive: Archive, chosen: Chosen, decide: Decide, console: Console, *, quiet: bool
) -> Report:
    if quiet:
        with waiting("Writing"):
            return drive(archive, chosen.places, decide)
    with bar(console) as progress:
        task = progress.add_task("records", total=len(chosen.places))
        return drive(
            archive,
            chosen.places,
            decide,
            on_done=lambda count: progress.update(task, completed=count),
        )


def _question(request: Request, kinds: Kinds) -> str:
    lines = [
        printable(f"  {count:,} {service}: {reason}")
        for (service, reason), count in kinds.most_common()
    ]
    end = ", for good?" if request.act is Act.DROP else "?"
    return "\n".join([*lines, f"{request.act.value.capitalize()} {kinds.total():,}{end}"])


def _say_nothing(request: Request, console: Console) -> None:
    if request.json:
        _print_json(Report(), request, console)
        return
    what = "rejections" if request.act is Act.RETRY else "dead letters"
    console.print(f"No open {what} match; nothing to do. ({kept().capitalize()}.)")


def _say(request: Request, report: Report, console: Console) -> None:
    if request.json:
        _print_json(report, request, console)
        return
    would = "would be " if request.dry_run else ""
    console.print(f"{report.done:,} {would}{_DONE[request.act]}.")
    if report.before:
        console.print(f"{report.before:,} had been decided about by another run meanwhile.")
    for refused in report.refused[:_NAMED]:
        console.print(Text(printable(_line(refused))))
    if (more := len(report.refused) - _NAMED) > 0:
        console.print(f"... and {more:,} more.")


def _line(refused: Refused) -> str:
    return f"stays: {refused.failure.place}: {refused.why}"


def _print_json(report: Report, request: Request, console: Console) -> None:
    document = {
        "act": request.act.name.lower(),
        "dry_run": request.dry_run,
        "done": report.done,
        "before": report.before,
        "refused": [{"id": str(one.failure.place), "why": one.why} for one in report.refused],
    }
    console.print(json.dumps(document), markup=False, highlight=False, soft_wrap=True)
