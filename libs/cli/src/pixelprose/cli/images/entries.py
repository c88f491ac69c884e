"""Images with what lies beside them: the caption in `.txt`, the rest in `.json`."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath
from typing import Final

from pixelprose.cli.images.shard import members
from pixelprose.cli.images.window import ReadRange
from pixelprose.cli.rows import BadRow, Columns, SourceRow, described, is_text
from pixelprose.records.source_uri import SourceUri, Span

IMAGES: Final = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".avif"}
    | {".bmp", ".tif", ".tiff", ".heic", ".svg"}  # these end as rejections, not in silence
)
"""Suffixes that say image; whether it is one, and of an allowed format, the ingester decides."""

NOT_KEPT: Final = ("exif",)
"""EXIF as other tools write it holds places and serial numbers; ours is taken from the bytes."""

LARGEST_SIDECAR: Final = 1024**2
LARGEST_GROUP: Final = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or object; `version` changes when it does, `read(first, size)` gives bytes of it."""

    name: str
    uri: SourceUri
    version: str
    size_bytes: int
    read: ReadRange

    @property
    def suffix(self) -> str:
        """The last suffix, in lower case."""
        return PurePosixPath(self.name).suffix.lower()


@dataclass(frozen=True, slots=True)
class Unit:
    """What is submitted together: an image with its sidecars, or a whole shard.

    `key` names it in this version, sidecars included.
    """

    key: str
    name: str
    rows: Callable[[], Iterator[SourceRow | BadRow]]


def units(entries: Iterable[Entry], columns: Columns) -> Iterator[Unit]:
    """Yield what there is to submit; entries of one sample stand together, as in their order."""
    for _, group in groupby(entries, key=lambda entry: _sample(entry.name)):
        sample = list(group)
        for shard in (entry for entry in sample if entry.suffix == ".tar"):
            yield Unit(_key([shard]), shard.name, _shard_rows(shard, columns))
        if any(entry.suffix in IMAGES for entry in sample):
            yield Unit(_key(sample), sample[0].name, _sample_rows(sample, columns))


def _shard_rows(shard: Entry, columns: Columns) -> Callable[[], Iterator[SourceRow | BadRow]]:
    def rows() -> Iterator[SourceRow | BadRow]:
        sample: list[Entry] = []
        for found in members(shard.name, shard.read, size_bytes=shard.size_bytes):
            if isinstance(found, BadRow):
                yield found
                continue
            span = Span(found.first, found.first + found.size_bytes - 1, shard.version)
            uri = SourceUri(shard.uri.scheme, shard.uri.bucket, shard.uri.segments, span)
            entry = Entry(found.name, uri, shard.version, found.size_bytes, found.read)
            if sample and (
                _sample(sample[0].name) != _sample(entry.name) or len(sample) >= LARGEST_GROUP
            ):
                yield from _rows_of(sample, columns)
                sample = []
            sample.append(entry)
        yield from _rows_of(sample, columns)

    return rows


def _sample_rows(
    sample: list[Entry], columns: Columns
) -> Callable[[], Iterator[SourceRow | BadRow]]:
    return lambda: _rows_of(sample, columns)


def _rows_of(sample: list[Entry], columns: Columns) -> Iterator[SourceRow | BadRow]:
    by_name = {entry.name: entry for entry in sample}
    for image in sample:
        if image.suffix in IMAGES:
            stem = str(PurePosixPath(image.name).with_suffix(""))
            try:
                yield _row(image, by_name.get(f"{stem}.txt"), by_name.get(f"{stem}.json"), columns)
            except (ValueError, RecursionError, OSError) as error:
                yield BadRow(image.name, f"what lies beside it: {error}")


def _row(
    image: Entry, caption: Entry | None, facts: Entry | None, columns: Columns
) -> SourceRow | BadRow:
    raw = {} if facts is None else json.loads(_small(facts))
    if not isinstance(raw, dict):
        return BadRow(image.name, f"{facts.name if facts else ''} holds no object")
    said = described({k: v for k, v in raw.items() if k not in NOT_KEPT}, columns)
    alt_text = said.alt_text
    if alt_text is None and caption is not None:
        alt_text = _small(caption).decode().strip() or None
    event = hashlib.sha256(f"{image.uri} {image.version}".encode()).hexdigest()
    fields = {**said.fields, "file": image.name.encode("utf-8", "replace").decode()}
    row = SourceRow(0, str(image.uri), alt_text, said.rights, fields, event_id=event)
    return row if is_text(row) else BadRow(image.name, "what lies beside it is not UTF-8")


def _small(entry: Entry) -> bytes:
    if entry.size_bytes > LARGEST_SIDECAR:
        raise ValueError(f"{entry.name} has more than {LARGEST_SIDECAR} bytes")
    return entry.read(0, entry.size_bytes)


def _sample(name: str) -> str:
    """WebDataset's rule: the folder, and the name up to its first dot."""
    folder, slash, base = name.rpartition("/")
    return folder + slash + base.partition(".")[0]


def _key(entries: list[Entry]) -> str:
    lines = [f"{entry.uri} {entry.version}" for entry in entries]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
