"""Fetches models from the hub: the files that services read, at one commit, each checked."""

import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import httpx2
from huggingface_hub import HfApi, hf_hub_url, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import (  # type: ignore[attr-defined] # public, though not typed so
    build_hf_headers,
    disable_progress_bars,
)

from pixelprose.cli.errors import CommandError
from pixelprose.cli.models.download import OnBytes, download
from pixelprose.cli.models.profile import HubModel
from pixelprose.cli.models.shelf import Locked, LockedFile, Shelf

# What the services read, too: no pickled weights, no Python, nothing from folders.
_BESIDE_WEIGHTS: Final = ("*.json", "*.jinja", "*.txt", "*.model")
_CAN_FAIL: Final = (HfHubHTTPError, OfflineModeIsEnabled, httpx2.HTTPError, OSError)


@dataclass(frozen=True, slots=True)
class Hub:
    """The hub at `endpoint`; by default the one that `HF_ENDPOINT` names."""

    endpoint: str | None = None

    def ask(self, model: HubModel, *, locked: str | None = None) -> Locked:
        """Return what the hub has of a model at its revision, or `locked`, or the newest.

        Raises:
            CommandError: it does not answer, has no such thing, or another commit than asked for.
        """
        api = HfApi(endpoint=self.endpoint)
        wanted = model.revision or locked
        try:
            commit = api.model_info(model.hub, revision=wanted).sha
            listed = [
                entry
                for entry in api.list_repo_tree(model.hub, revision=commit)
                if isinstance(entry, RepoFile)
            ]
        except _CAN_FAIL as error:
            raise CommandError(_why(model, error)) from error
        if commit is None or wanted not in {None, commit}:
            raise CommandError(f"{model.hub}: the hub answers commit {commit}, not {wanted}")
        files = tuple(
            _locked(entry)
            for entry in listed
            if any(fnmatch(entry.path, kind) for kind in (*_BESIDE_WEIGHTS, model.weights))
        )
        if not any(fnmatch(file.name, model.weights) for file in files):
            raise CommandError(
                f"{model.hub} at {commit} has no {model.weights}; other weights are refused"
            )
        return Locked(source=model.hub, revision=commit, files=files)

    def fetch(self, model: HubModel, wanted: Locked, shelf: Shelf, *, on_bytes: OnBytes) -> None:
        """Bring what is not here yet; what an interruption left is gone on with.

        Large files come by our own download and are proven before they enter the hub's cache; the
        library brings the small ones and lays out the cache.

        Raises:
            CommandError: the hub breaks off, or sent other bytes than it said, which are deleted.
        """
        blobs = shelf.place(model, wanted.revision).parents[1] / "blobs"
        for file in wanted.files:
            kind, _, name = file.digest.partition(":")
            if kind == "sha256" and not (blobs / name).exists():
                self._fetch_large(model, wanted, file, shelf, on_bytes=on_bytes)
                blobs.mkdir(parents=True, exist_ok=True)
                shutil.move(shelf.part(file.digest), blobs / name)
        disable_progress_bars()  # ours counts bytes
        try:
            snapshot_download(
                model.hub,
                revision=wanted.revision,
                cache_dir=shelf.hub_cache,
                endpoint=self.endpoint,
                allow_patterns=[file.name for file in wanted.files],
            )
        except _CAN_FAIL as error:
            raise CommandError(_why(model, error)) from error
        if wrong := list(shelf.damaged(model, wanted)):
            for name in wrong:
                _forget(shelf.place(model, wanted.revision) / name)
            detail = f"{model.hub}: other bytes than the hub announced in {', '.join(wrong)}"
            raise CommandError(f"{detail}; they are deleted. Pull again; if it stays, trust it not")

    def _fetch_large(
        self, model: HubModel, wanted: Locked, file: LockedFile, shelf: Shelf, *, on_bytes: OnBytes
    ) -> None:
        url = hf_hub_url(model.hub, file.name, revision=wanted.revision, endpoint=self.endpoint)
        headers = build_hf_headers()
        part = shelf.part(file.digest)
        download(url, part, expected=file.digest, headers=headers, on_bytes=on_bytes)


def _locked(entry: RepoFile) -> LockedFile:
    if entry.lfs is not None:
        return LockedFile(
            name=entry.path, bytes=entry.lfs.size, digest=f"sha256:{entry.lfs.sha256}"
        )
    return LockedFile(name=entry.path, bytes=entry.size, digest=f"git:{entry.blob_id}")


def _forget(path: Path) -> None:
    """Delete a file of the cache and the blob that it is a link to."""
    path.resolve().unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _why(model: HubModel, error: Exception) -> str:
    match error:
        case GatedRepoError():
            return f"{model.hub} wants its licence accepted on the hub first, and HF_TOKEN set"
        case RevisionNotFoundError():
            return f"{model.hub} has no commit {model.revision} (any more)"
        case RepositoryNotFoundError():
            return f"the hub has no {model.hub}, or HF_TOKEN may not see it"
        case OfflineModeIsEnabled():
            return f"{model.hub} is not here, and HF_HUB_OFFLINE forbids to fetch it; unset it once"
        case httpx2.ConnectError() | httpx2.ConnectTimeout():
            return f"{model.hub}: the hub can't be reached; pull again to go on: {error}"
    return f"{model.hub}: the hub does not answer as it should; pull again to go on: {error}"
