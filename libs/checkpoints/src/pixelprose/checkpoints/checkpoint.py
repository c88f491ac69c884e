"""Where a model's files are, and which weights they are."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from pixelprose.records import Model

# No pickled weights, and no Python files: nothing in a checkpoint is ever run.
SAFETENSORS: Final = "*.safetensors"
_BESIDE_WEIGHTS: Final = ("*.json", "*.jinja", "*.txt", "*.model")
# Folders beside a model hold what it was trained from: optimizers, older states, other formats.
_NOT_AT_THE_TOP: Final = ("*/*",)
_NAME_IN_CONFIG: Final = "pixelprose_name"
"""A model's own name in its config.json, where a folder's name would say too little."""


class ModelNotLoaded(Exception):
    """A model can't be used; the message says which and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder of model files. `revision` is the hub's commit, or `sha256:` of the weights."""

    folder: Path
    name: str
    revision: str

    def model(self, library: str) -> Model:
        """The model as records name it, run by the installed version of `library`."""
        return Model(name=self.name, revision=self.revision, library=installed(library))


def find_checkpoint(
    model: str | None,
    *,
    revision: str | None = None,
    name: str | None = None,
    local_only: bool = True,
    weights: str = SAFETENSORS,
) -> Checkpoint:
    """Return the files of `model`: a folder, or a hub id of which the cache holds `revision`.

    `weights` names the files that make a folder's revision, and that it must have. `name` is what
    records say instead of the model's own name. With `local_only` off, what the cache lacks is
    downloaded.

    Raises:
        ModelNotLoaded: none is named, it is not there, it has no such weights, it is a hub id
            without a revision, or a folder with other weights than `revision` says.
    """
    if not model:
        raise ModelNotLoaded("no model is configured")
    local = Path(model)
    if local.is_dir():
        found = weights_hash(_weights(local, weights))
        if revision not in {None, found}:
            raise ModelNotLoaded(f"the weights in {local} are {found}, not {revision} as is set")
        return Checkpoint(local, name or _own_name(local) or local.resolve().name, found)
    if not revision:
        raise ModelNotLoaded(f"there is no folder {model}; if it is a hub id, it needs a revision")
    folder = _snapshot(model, revision, (*_BESIDE_WEIGHTS, weights), local_only=local_only)
    _weights(folder, weights)
    return Checkpoint(folder, name or model, folder.name)


def weights_hash(files: Iterable[Path]) -> str:
    """`sha256:` of the files' bytes, one after the other in the order of their names.

    Of a single file it is what sha256sum says.

    Raises:
        OSError: a file can't be read.
    """
    digest = hashlib.sha256()
    for path in sorted(files):
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return f"sha256:{digest.hexdigest()}"


def installed(library: str) -> str:
    """A library and its installed version, as records name them."""
    return f"{library} {version(library)}"


def _snapshot(model: str, revision: str, allowed: Iterable[str], *, local_only: bool) -> Path:
    try:
        found = snapshot_download(
            model,
            revision=revision,
            local_files_only=local_only,
            allow_patterns=list(allowed),
            ignore_patterns=list(_NOT_AT_THE_TOP),
        )
    except (HFValidationError, HfHubHTTPError, OSError) as error:
        where = "this machine's hub cache" if local_only else "the hub"
        advice = "`pixelprose models pull` fetches the models of a profile"
        detail = f"{model} at {revision} is not in {where}; {advice}: {error}"
        raise ModelNotLoaded(detail) from error
    return Path(found)


def _weights(folder: Path, pattern: str) -> list[Path]:
    found = list(folder.glob(pattern))
    if not found:
        detail = f"{folder} holds no {pattern}; convert the weights, others are refused"
        raise ModelNotLoaded(detail)
    return found


def _own_name(folder: Path) -> str | None:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None  # the loader that needs the file will say what is wrong with it
    name = config.get(_NAME_IN_CONFIG) if isinstance(config, dict) else None
    return name if isinstance(name, str) else None
