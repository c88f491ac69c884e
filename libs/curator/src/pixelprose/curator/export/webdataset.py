"""Tar shards of samples: `<row_id>.jpg`, `.json` (the whole row) and `.txt` (the caption)."""

import io
import tarfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from pixelprose.curator.export.authors import AuthorKey
from pixelprose.curator.export.jsonl import row_json
from pixelprose.curator.export.rows import Values
from pixelprose.curator.export.shard_format import MissingImage, ShardFormat
from pixelprose.objectstore import ObjectKey, ObjectMissing, ObjectStore

_READERS = 8
_AHEAD = 64  # images held in memory at once: about 10 MB


class WebDataset(ShardFormat):
    """Samples with their rendition from the store, in POSIX tar without times or owners."""

    select = "*"
    suffix = ".tar"

    def __init__(self, store: ObjectStore, key: AuthorKey | None) -> None:
        self._store = store
        self._key = key

    def write(self, path: Path, rows: Iterable[Values]) -> list[MissingImage]:
        """Write the samples into a new tar; rows without an image are left out and returned."""
        missing = []
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
            for row, image in self._with_images(rows):
                if image is None:
                    missing.append(MissingImage(row["row_id"], row["image"]["rendition_key"]))
                    continue
                for kind, data in (
                    ("jpg", image),
                    ("json", row_json(row, self._key).encode()),
                    ("txt", row["caption"]["text"].encode()),
                ):
                    _add(tar, f"{row['row_id']}.{kind}", data)
        return missing

    def _with_images(self, rows: Iterable[Values]) -> Iterator[tuple[Values, bytes | None]]:
        waiting = iter(rows)
        with ThreadPoolExecutor(_READERS) as pool:
            while chunk := list(islice(waiting, _AHEAD)):
                yield from zip(chunk, pool.map(self._image, chunk), strict=True)

    def _image(self, row: Values) -> bytes | None:
        try:
            return self._store.get(ObjectKey(row["image"]["rendition_key"]))
        except ObjectMissing:
            return None


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    # A fresh TarInfo has no time, owner or mode of this machine: equal samples, equal bytes.
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
