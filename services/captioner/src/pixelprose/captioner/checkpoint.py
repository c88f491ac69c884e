"""Where a model's files are, and which weights they are."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from pixelprose.streamkit import ExitCode, Stop

# No pickled weights, and no Python files: nothing in a checkpoint is ever run.
_FILES: Final = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model")
# Folders beside a model hold what it was trained from: optimizers, older states, other formats.
_NOT_AT_THE_TOP: Final = ("*/*",)
_BLOCK_BYTES: Final = 1 << 20
_NAME_IN_CONFIG: Final = "pixelprose_name"
"""A model's own name in its config.json, where a folder's name would say too little."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder of model files. `revision` is the hub's commit, or `sha256:` of the weights."""

    folder: Path
    name: str
    revision: str


def find_checkpoint(
    model: str, *, revision: str | None = None, name: str | None = None, local_only: bool = True
) -> Checkpoint:
    """Return the files of `model`: a folder, or a hub id of which the cache holds `revision`.

    With `local_only` off, what the cache lacks is downloaded.

    Raises:
        Stop: the model is not there, has no safetensors, is a hub id without a revision, or a
            folder with other weights than `revision` says.
    """
    local = Path(model)
    if local.is_dir():
        return _local(local, revision=revision, name=name)
    if not revision:
        raise _refusal(f"no folder {model!r}; if it is a hub id, set captioner.revision too")
    folder = _snapshot(model, revision, local_only=local_only)
    _weights(folder)
    return Checkpoint(folder, name or model, folder.name)


def _local(folder: Path, *, revision: str | None, name: str | None) -> Checkpoint:
    found = f"sha256:{_digest(_weights(folder))}"
    if revision and revision != found:
        raise _refusal(f"the weights in {folder} are {found}, but captioner.revision is {revision}")
    return Checkpoint(folder, name or _own_name(folder) or folder.resolve().name, found)


def _snapshot(model: str, revision: str, *, local_only: bool) -> Path:
    try:
        found = snapshot_download(
            model,
            revision=revision,
            local_files_only=local_only,
            allow_patterns=list(_FILES),
            ignore_patterns=list(_NOT_AT_THE_TOP),
        )
    except (HFValidationError, HfHubHTTPError, OSError) as error:
        where = "this machine's hub cache" if local_only else "the hub"
        detail = (
            f"model {model!r} at {revision!r} is not in {where}; `pixelprose models pull` fetches "
            f"the models of a profile: {error}"
        )
        raise _refusal(detail) from error
    return Path(found)


def _weights(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.safetensors"))
    if not found:
        raise _refusal(f"{folder} holds no *.safetensors; convert the weights, others are refused")
    return found


def _digest(files: list[Path]) -> str:
    """SHA-256 of the files' bytes, one after the other: of a single file, what sha256sum says."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


def _own_name(folder: Path) -> str | None:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None  # the loader that needs the file says what is wrong with it
    name = config.get(_NAME_IN_CONFIG) if isinstance(config, dict) else None
    return name if isinstance(name, str) else None


def _refusal(detail: str) -> Stop:
    return Stop(ExitCode.BAD_CONFIGURATION, detail)
