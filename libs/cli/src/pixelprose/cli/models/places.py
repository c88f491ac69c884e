"""From a profile to the sections of a configuration file, with each model where services look."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from pixelprose.cli.errors import CommandError
from pixelprose.cli.models.profile import AnyModel, HubModel, Profile, Role
from pixelprose.cli.models.shelf import Shelf

Sections = Mapping[str, Mapping[str, Any]]

_SECTIONS = ("ingester", "safety_filter", "metadata_annotator", "captioner", "sink")
_PLACES: Mapping[Role, tuple[str, ...]] = {
    "captioner": ("captioner",),
    "nsfw": ("safety_filter",),
    "watermark": ("metadata_annotator", "watermark"),
    "aesthetic": ("metadata_annotator", "aesthetic"),
    "style": ("metadata_annotator", "style"),
    "toxicity": ("metadata_annotator", "toxicity"),
}
"""The section that takes a model's name and revision."""


def profile_sections(profile: Profile, shelf: Shelf, *, known_hashes: Sequence[Path]) -> Sections:
    """Return the section of each service, with the models that lie on the shelf.

    Raises:
        CommandError: a model is not there, or not whole; names the command that fetches it.
    """
    refuse_missing(profile, shelf)
    document: dict[str, dict[str, Any]] = {name: {} for name in _SECTIONS}
    for name, section in profile.settings.items():
        document[name] = deepcopy(section)
    for role, model in profile.models.items():
        _put(document, role, model, shelf)
    document["safety_filter"]["hash_lists"] = [str(path.resolve()) for path in known_hashes]
    return document


def refuse_missing(profile: Profile, shelf: Shelf) -> None:
    """Return if every model of the profile is on the shelf.

    Raises:
        CommandError: one is not; names it and the command that fetches it.
    """
    lacking = [model.source for model in profile.different() if shelf.missing(model)]
    if lacking:
        raise CommandError(
            f"profile {profile.name}: not on this machine: {', '.join(lacking)}; "
            f"run `pixelprose models pull --profile {profile.name}` once"
        )


def _put(document: dict[str, dict[str, Any]], role: Role, model: AnyModel, shelf: Shelf) -> None:
    locked = shelf.locked(model)
    if locked is None:
        raise CommandError(f"{model.source} was not pulled")
    folder = shelf.place(model, locked.revision)
    annotator = document["metadata_annotator"]
    match role:
        case "spacy":
            annotator["spacy"] = str(folder)
        case "aesthetic_head":
            [head] = [file.name for file in locked.files if file.name.endswith(".safetensors")]
            annotator.setdefault("aesthetic", {})["head"] = str(folder / head)
        case _:
            first, *rest = _PLACES[role]
            section = document[first]
            for name in rest:
                section = section.setdefault(name, {})
            if isinstance(model, HubModel):
                section["model"], section["revision"] = model.hub, locked.revision
            else:
                section["model"] = str(folder)
