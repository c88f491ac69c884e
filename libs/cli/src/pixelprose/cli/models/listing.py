"""`pixelprose models list`: what profiles name, and what of it is on this machine."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

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


def models_table(models: Iterable[Listed]) -> Table:
    """Return them for people."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("profile", no_wrap=True)
    table.add_column("model", overflow="fold")
    table.add_column("for", overflow="fold")
    table.add_column("licence", no_wrap=True)
    table.add_column("MB", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for model in models:
        table.add_row(
            model.profile,
            model.source,
            ", ".join(model.roles),
            model.licence,
            f"{model.megabytes:,}",
            "[green]here" if model.here else "[yellow]not here",
        )
    return table
