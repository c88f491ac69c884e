"""Where models lie on this machine, and what was fetched: the lock.

The lock lies with the models and not beside the profile, which may be in a package that cannot be
written: copied together, both work on a machine without a network.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from huggingface_hub.constants import HF_HUB_CACHE
from pydantic import BaseModel, ConfigDict, ValidationError

from pixelprose.cli.models.profile import AnyModel, HubModel, WheelModel

_STRICT: Final = ConfigDict(frozen=True, extra="forbid")
_BLOCK_BYTES: Final = 1 << 20


class LockedFile(BaseModel):
    """One file: `digest` is `sha256:` of its bytes, or `git:`, the hash that git gives a blob."""

    model_config = _STRICT

    name: str
    bytes: int
    digest: str


class Locked(BaseModel):
    """One model as it was fetched. `folder` is where, as seen from the shelf's folders."""

    model_config = _STRICT

    source: str
    revision: str
    files: tuple[LockedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.bytes for file in self.files)


class Lock(BaseModel):
    """All that was fetched, by whatever profile."""

    model_config = _STRICT

    models: tuple[Locked, ...] = ()

    def having(self, added: Locked) -> Self:
        """Return the lock with one model added, or put in the place of its old entry."""
        others = [
            m for m in self.models if (m.source, m.revision) != (added.source, added.revision)
        ]
        return self.model_copy(update={"models": (*others, added)})


@dataclass(frozen=True, slots=True)
class Shelf:
    """The hub's cache, which all of transformers shares, and our own folder beside the jars."""

    hub_cache: Path
    folder: Path

    @classmethod
    def of_this_machine(cls) -> Self:
        """Return the shelf that `HF_HOME`, `HF_HUB_CACHE` and `PIXELPROSE_CACHE` say."""
        named = os.environ.get("PIXELPROSE_CACHE")
        cache = Path(named) if named else Path.home() / ".cache" / "pixelprose"
        return cls(Path(HF_HUB_CACHE), cache / "models")

    @property
    def lock_file(self) -> Path:
        """Where the lock lies."""
        return self.folder / "models.lock.json"

    def lock(self) -> Lock:
        """Return what was fetched; nothing, if the file is not there or broken."""
        try:
            return Lock.model_validate_json(self.lock_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeError, ValidationError):
            return Lock()

    def keep(self, added: Locked) -> None:
        """Write one more model into the lock, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.lock_file.with_suffix(".new")
        new.write_text(self.lock().having(added).model_dump_json(indent=1), encoding="utf-8")
        new.replace(self.lock_file)

    def locked(self, model: AnyModel) -> Locked | None:
        """Return what was fetched of a model: its revision, or for want of one the last."""
        found = [one for one in self.lock().models if one.source == model.source]
        if model.revision is not None:
            found = [one for one in found if one.revision == model.revision]
        return found[-1] if found else None

    def place(self, model: AnyModel, revision: str) -> Path:
        """Return the folder of a model's files, whether they are there or not."""
        match model:
            case HubModel():
                repository = f"models--{model.hub.replace('/', '--')}"
                return self.hub_cache / repository / "snapshots" / revision
            case WheelModel():
                return self.folder / revision[:16] / Path(model.folder).name

    def part(self, digest: str) -> Path:
        """Return where a file of this digest grows while it is fetched."""
        return self.folder / f"{digest.replace(':', '-')}.part"

    def missing(self, model: AnyModel) -> list[str]:
        """Return the names of the files that are not there, or of another size; fast."""
        locked = self.locked(model)
        if locked is None:
            return [model.source]
        folder = self.place(model, locked.revision)
        return [file.name for file in locked.files if _size(folder / file.name) != file.bytes]

    def damaged(self, model: AnyModel, locked: Locked) -> Iterator[str]:
        """Yield the names of the files whose bytes are others than their digests say; reads all."""
        folder = self.place(model, locked.revision)
        for file in locked.files:
            if digest(folder / file.name, like=file.digest) != file.digest:
                yield file.name


def digest(path: Path, *, like: str) -> str:
    """Return the digest of a file in the form of another; of a file that is not there, nothing."""
    kind = like.partition(":")[0]
    size = _size(path)
    if size is None:
        return ""
    found = hashlib.sha1(f"blob {size}\0".encode()) if kind == "git" else hashlib.sha256()  # noqa: S324 - git's own
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            found.update(block)
    return f"{kind}:{found.hexdigest()}"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
