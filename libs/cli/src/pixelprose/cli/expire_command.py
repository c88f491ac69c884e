"""`pixelprose expire`: what outlived its time, where the store does not delete it by itself."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pixelprose.cli.choices import Output
from pixelprose.cli.client_settings import client_settings
from pixelprose.cli.errors import CommandError
from pixelprose.cli.printing import print_json
from pixelprose.cli.progress import aside, looking
from pixelprose.objectstore import Lifetime, ObjectKey, Sweep
from pixelprose.streamkit.letters.dead import utc_now


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many objects of one kind are older than their days."""

    objects: str
    days: int
    count: int


def run_overdue(
    config: Path | None,
    output: Output,
    console: Console,
    *,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Print what is overdue; delete nothing."""
    found = _each(config, output, console, do=lambda _, keys: sum(1 for _ in keys), now=now())
    _print(found, output, console, verb="overdue")


def run_expire(
    config: Path | None,
    output: Output,
    console: Console,
    *,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Delete what is overdue, and print how much that was."""
    found = _each(config, output, console, do=Sweep.delete, now=now())
    _print(found, output, console, verb="deleted")


def _each(
    config: Path | None,
    output: Output,
    console: Console,
    *,
    do: Callable[[Sweep, Iterator[ObjectKey]], int],
    now: datetime,
) -> list[Overdue]:
    settings = client_settings(config)
    if settings.store is None:
        raise CommandError(
            "the settings name no store; set store.endpoint, store.bucket, store.access_key and "
            "store.secret_key (PIXELPROSE_STORE__ENDPOINT, ...)"
        )
    with closing(Sweep(settings.store)) as sweep, looking(aside(output, console)):
        return [
            Overdue(_objects(one), one.days, do(sweep, sweep.overdue(one, now=now)))
            for one in settings.ingester.expiry.lifetimes()
        ]


def _objects(lifetime: Lifetime) -> str:
    return f"{lifetime.prefix}*/{lifetime.name}" if lifetime.name else lifetime.prefix


def _print(found: list[Overdue], output: Output, console: Console, *, verb: str) -> None:
    if output is Output.JSON:
        print_json(found)
        return
    table = Table("objects", "days", verb, box=None, pad_edge=False)
    for one in found:
        table.add_row(one.objects, str(one.days), f"{one.count:,}")
    console.print(table)
