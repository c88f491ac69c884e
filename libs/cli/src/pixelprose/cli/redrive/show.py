"""`pixelprose dlq list` and `show`: what people see, masked unless they ask."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pixelprose.cli.client_settings import client_settings
from pixelprose.cli.errors import NotFound, WrongUsage
from pixelprose.cli.progress import waiting
from pixelprose.cli.redrive.archive import Archive
from pixelprose.cli.redrive.choosing import Kinds, check_there, kept, oldest, wanted
from pixelprose.cli.redrive.failure import Failure, Place
from pixelprose.cli.redrive.masking import Shown, printable, shown, shown_with_personal_data
from pixelprose.cli.redrive.request import Request
from pixelprose.streamkit import TopicPartition

_MASKED = "Masked: error text, key, headers and record; --show-personal-data shows them."
_DIGITS = 12


def run_list(
    request: Request, config: Path | None, console: Console, *, closed: bool, personal: bool
) -> None:
    """Print the oldest that fit, then how many there are by service and reason."""
    with waiting("Reading dead letters"):
        found, kinds = _listed(request, config, closed=closed, personal=personal)
    if request.json:
        _lines(found, console)
    elif found:
        _table(found, kinds, console)
    else:
        console.print(f"No dead letters match. ({kept().capitalize()}.)")


def _listed(
    request: Request, config: Path | None, *, closed: bool, personal: bool
) -> tuple[list[Shown], Kinds]:
    which = wanted(request, now=datetime.now(UTC))
    archive = Archive(client_settings(config), which.topics)
    check_there(which.places, archive.spans)
    ledger = archive.ledger()
    kinds: Kinds = Counter()

    def count(failure: Failure) -> None:
        kinds[failure.service, failure.reason] += 1

    fitting = (
        one
        for one in archive.failures()
        if which.fits(one) and (closed or ledger.decided(one.place) is None)
    )
    found = [
        shown_with_personal_data(one, ledger, archive.codec) if personal else shown(one, ledger)
        for one in oldest(fitting, request.limit, seen=count)
    ]
    return found, kinds


def run_show(
    id_: str, config: Path | None, console: Console, *, as_json: bool, personal: bool
) -> None:
    """Print all that may be seen of one."""
    try:
        place = Place.parse(id_)
    except ValueError as error:
        raise WrongUsage(str(error)) from error
    with waiting("Reading it"):
        view = _view(place, config, personal=personal)
    if as_json:
        _lines([view], console)
    else:
        _card(view, console)
        console.print("" if personal else f"[dim]{_MASKED}")


def _view(place: Place, config: Path | None, *, personal: bool) -> Shown:
    archive = Archive(client_settings(config), {place.topic})
    check_there({place}, archive.spans)
    archive.narrow(TopicPartition(place.topic, place.partition), place.offset)
    ledger = archive.ledger()
    for failure in archive.failures():
        if personal:
            return shown_with_personal_data(failure, ledger, archive.codec)
        return shown(failure, ledger)
    raise NotFound(f"{place} is not there: nothing was committed at this offset")


def _lines(found: list[Shown], console: Console) -> None:
    for one in found:
        console.print(json.dumps(one), markup=False, highlight=False, soft_wrap=True)


def _card(view: Shown, console: Console) -> None:
    grid = Table.grid(padding=(0, 2))
    for name, value in view.items():
        if value not in (None, ""):
            grid.add_row(Text(name, style="dim"), Text(printable(value), overflow="fold"))
    console.print(grid)


def _table(found: list[Shown], kinds: Kinds, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("id", "at", "reason", "error", "submission", "attempt", "state"):
        table.add_column(name, overflow="fold")
    for one in found:
        submission = str(one["submission_id"] or "unknown")[:_DIGITS]
        cells = (
            one["id"],
            str(one["at"])[:19],
            one["reason"],
            one.get("error_text") or one["error_class"],
            submission,
            str(one["attempt"]),
            one["state"],
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console.print(table)
    console.print()
    for (service, reason), count in kinds.most_common():
        console.print(Text(printable(f"{count:,} {service}: {reason}")))
    if len(found) < kinds.total():
        console.print(f"The oldest {len(found):,} of {kinds.total():,} are shown (--limit).")
