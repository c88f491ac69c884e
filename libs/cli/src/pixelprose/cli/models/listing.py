"""`pixelprose models list`: what profiles name, and what of it is on this machine."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table

from pixelprose.cli.models.profile import Profile
from pixelprose.cli.models.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Listed:
    """One model of one profile. `revision` is none until the first pull has asked for it."""

    profile: str
    roles: tuple[str, ...]
    source: str
    revision: str | None
    licence: str
    megabytes: int
    here: bool


def listed(profiles: Iterable[Profile], shelf: Shelf) -> list[Listed]:
    """Return every model of the profiles."""
    found = []
    for profile in profiles:
        for model, roles in profile.different().items():
            locked = shelf.locked(model)
            found.append(
                Listed(
                    profile=profile.name,
                    roles=roles,
                    source=model.source,
                    revision=locked.revision if locked else model.revision,
                    licence=model.licence,
                    megabytes=round(locked.size / 1e6) if locked else model.megabytes,
                    here=not shelf.missing(model),
                )
            )
    return found


def as_documents(models: Iterable[Listed]) -> list[dict[str, object]]:
    """Return them for machines."""
    return [asdict(model) for model in models]


def models_view(models: Iterable[Listed]) -> RenderableType:
    """Return them for people, a table for each profile: whole names fit 80 columns."""
    tables = [_table(profile, of_it) for profile, of_it in groupby(models, lambda m: m.profile)]
    return Group(*tables)


def _table(profile: str, models: Iterable[Listed]) -> Table:
    table = Table(title=profile, title_justify="left", box=None, pad_edge=False, header_style="dim")
    table.add_column("model", no_wrap=True)
    table.add_column("for", overflow="fold")
    table.add_column("licence", no_wrap=True)
    table.add_column("MB", justify="right", no_wrap=True)
    table.add_column("here", no_wrap=True)
    for model in models:
        table.add_row(
            model.source,
            ", ".join(model.roles).replace("_", " "),
            model.licence,
            f"{model.megabytes:,}",
            "[green]yes" if model.here else "[yellow]no",
        )
    return table
