"""Files of a local folder, in order."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from pixelprose.cli.errors import CommandError
from pixelprose.cli.images.entries import Entry
from pixelprose.cli.rows import SourceError
from pixelprose.records.source_uri import SourceUri, file_version

PARTIAL = (".part", ".partial", ".tmp", ".crdownload", ".download")
"""Suffixes of files that somebody is writing."""


def folder_entries(root: Path) -> Iterator[Entry]:
    """Yield regular files below the folder, by name; hidden and partial ones are left out.

    Links to files are followed, links to folders are not.

    Raises:
        CommandError: the folder can't be read.
    """
    root = Path(os.path.realpath(root))
    try:
        yield from _below(root, "")
    except OSError as error:
        raise CommandError(f"{root}: {error.strerror or error}") from error


def file_entry(path: Path) -> Entry:
    """Return one file.

    Raises:
        SourceError: there is none.
    """
    path = Path(os.path.realpath(path))
    found = _entry(path, path.name)
    if found is None:
        raise SourceError(f"{path}: not a regular file")
    return found


def _below(folder: Path, prefix: str) -> Iterator[Entry]:
    with os.scandir(folder) as listing:
        shown = [
            item
            for item in listing
            if not item.name.startswith(".") and not item.name.lower().endswith(PARTIAL)
        ]
    # Folders come after the files, so that the files of one sample stand together.
    folders = [item.name for item in shown if item.is_dir(follow_symlinks=False)]
    names = [item.name for item in shown if item.is_file()]
    for name in sorted(names, key=os.fsencode):
        if entry := _entry(folder / name, prefix + name):
            yield entry
    for name in sorted(folders, key=os.fsencode):
        yield from _below(folder / name, f"{prefix}{name}/")


def _entry(path: Path, name: str) -> Entry | None:
    try:
        facts = path.stat()
    except FileNotFoundError:  # moved away since it was listed
        return None
    return Entry(
        name=name,
        uri=SourceUri.of_file(PurePosixPath(path)),
        version=file_version(facts.st_size, facts.st_mtime_ns),
        size_bytes=facts.st_size,
        read=partial(_read, path),
    )


def _read(path: Path, first: int, size: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        return os.pread(file.fileno(), size, first)
