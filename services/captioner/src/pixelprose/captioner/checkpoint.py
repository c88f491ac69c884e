"""Where a model's files are, and which weights they are."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from pixelprose.streamkit import ExitCode, Stop

# No pickled weights, and no Python files: nothing in a checkpoint is ever run.
_FILES: Final = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model")
_BLOCK_BYTES: Final = 1 << 20


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
        Stop: the model is not there, has no safetensors, or is a hub id without a revision.
    """
    local = Path(model)
    if local.is_dir():
        return Checkpoint(local, name or local.resolve().name, f"sha256:{_digest(_weights(local))}")
    if not revision:
        raise _refusal(f"no folder {model!r}; if it is a hub id, set captioner.revision too")
    folder = _snapshot(model, revision, local_only=local_only)
    _weights(folder)
    return Checkpoint(folder, name or model, folder.name)


def _snapshot(model: str, revision: str, *, local_only: bool) -> Path:
    try:
        found = snapshot_download(
            model, revision=revision, local_files_only=local_only, allow_patterns=list(_FILES)
        )
    except (HFValidationError, HfHubHTTPError, OSError) as error:
        where = "this machine's hub cache" if local_only else "the hub"
        detail = f"model {model!r} at {revision!r} is not in {where}; fetch it first: {error}"
        raise _refusal(detail) from error
    return Path(found)


def _weights(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.safetensors"))
    if not found:
        raise _refusal(f"{folder} holds no *.safetensors; convert the weights, others are refused")
    return found


def _digest(files: list[Path]) -> str:
    """SHA-256 over each file's name and contents, in the order of names."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.name}\n{path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


def _refusal(detail: str) -> Stop:
    return Stop(ExitCode.BAD_CONFIGURATION, detail)
