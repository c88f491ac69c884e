"""Presets: how the files of known data sets are read, as data."""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pixelprose.cli.rows import Columns, SourceError
from pixelprose.records import Rights

Names = tuple[str, ...]


class RightsDefault(BaseModel):
    """What holds for rows that declare no licence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    licence: str | None = None
    licence_url: str | None = None
    attribution: str | None = None
    basis: str = "unknown"


class Preset(BaseModel):
    """A data set's name, columns and rights; `facts` says where these come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    url: Names
    alt_text: Names = ()
    licence: Names = ()
    authors: Names = ()
    left_out: Names = ()
    headerless: Names = ()
    rights: RightsDefault = RightsDefault()
    facts: str

    def columns(self, *, author_key: bytes | None) -> Columns:
        """Return how to read its rows; authors are left out unless there is a key to hash with."""
        return Columns(
            url=self.url,
            alt_text=self.alt_text,
            licence=self.licence,
            authors=self.authors,
            left_out=self.left_out,
            headerless=self.headerless,
            rights=Rights(**self.rights.model_dump()),
            author_key=author_key,
        )


def names() -> Iterable[str]:
    """Return how ours are called."""
    return presets()


def presets() -> dict[str, Preset]:
    """Return ours, by name."""
    text = files("pixelprose.cli").joinpath("presets.yaml").read_text(encoding="utf-8")
    return _parsed(yaml.safe_load(text))


def preset(name: str) -> Preset:
    """Return one of ours, or the only one of a YAML file.

    Raises:
        SourceError: there is none, or the file is no preset.
    """
    if name.endswith((".yaml", ".yml")):
        return _of_file(Path(name))
    known = presets()
    if name not in known:
        raise SourceError(
            f"no preset {name!r}; there are {', '.join(sorted(known))}, or name a YAML file"
        )
    return known[name]


def _of_file(path: Path) -> Preset:
    try:
        found = _parsed(yaml.safe_load(path.read_text(encoding="utf-8")))
        (only,) = found.values()
    except (OSError, UnicodeError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise SourceError(f"{path}: not one preset ({error})") from error
    return only


def _parsed(document: Mapping[str, Any]) -> dict[str, Preset]:
    try:
        return {name: Preset.model_validate(body) for name, body in document.items()}
    except ValidationError as error:
        raise ValueError(str(error)) from error
