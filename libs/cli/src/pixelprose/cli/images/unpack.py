"""Data sets with an image column (Parquet, or `datasets` on disk), unpacked into tar shards.

The ingester reads bytes by place and size, which a compressed column does not have; and it is no
place for one more parser of foreign files.
"""

import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from pixelprose.cli.errors import CommandError
from pixelprose.cli.images.entries import Entry
from pixelprose.cli.images.folder import file_entry
from pixelprose.cli.rows import BadRow, SourceError
from pixelprose.cli.submit import identity_of

_BATCH_ROWS: Final = 64
_MAGIC: Final = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG", ".png"),
    (b"GIF8", ".gif"),
    (b"RIFF", ".webp"),
)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A shard that holds the rows' images, and the rows that had none."""

    shard: Entry
    bad: tuple[BadRow, ...]


def has_images(path: Path, column: str | None) -> bool:
    """Tell whether this file, or this folder of files, is a data set with an image column."""
    return any(_image_column(_schema(file), column) for file in tables(path))


def tables(path: Path) -> list[Path]:
    """Return the files of a data set: of `save_to_disk`, of a folder of Parquet, or the file."""
    if (path / "dataset_dict.json").is_file():
        splits = json.loads((path / "dataset_dict.json").read_bytes())["splits"]
        return [file for split in splits for file in tables(path / split)]
    if (path / "state.json").is_file():
        listed = json.loads((path / "state.json").read_bytes())["_data_files"]
        return [path / Path(item["filename"]).name for item in listed]
    if path.is_dir():
        return sorted(path.glob("*.parquet"))
    return [path] if path.suffix in {".parquet", ".arrow"} else []


def unpacked(table: Path, into: Path, *, column: str | None) -> Unpacked | None:
    """Return the shard of this table's images, made at most once; None where it has none.

    The shard is named by the table's bytes, so the same table gives the same URIs.

    Raises:
        SourceError: the table can't be read.
        CommandError: the folder can't be written to.
    """
    image = _image_column(_schema(table), column)
    if image is None:
        return None
    shard = into / f"{identity_of(table)}-{_plain(image)}.tar"
    bad = shard.with_suffix(".bad.json")
    try:
        into.mkdir(parents=True, exist_ok=True)
        if not shard.exists():
            _write(table, image, shard, bad)
        found = tuple(BadRow(**item) for item in json.loads(bad.read_bytes()))
    except (OSError, pa.ArrowException) as error:
        raise CommandError(f"{table}: can't be unpacked into {into} ({error})") from error
    return Unpacked(file_entry(shard), found)


def _write(table: Path, image: str, shard: Path, bad: Path) -> None:
    draft, missing = shard.with_suffix(".part"), []
    with tarfile.open(draft, "w:", format=tarfile.USTAR_FORMAT) as tar:
        for number, row in enumerate(_rows(table)):
            data = _bytes(row.get(image))
            if not data:
                missing.append({"where": f"{table}, row {number + 1}", "why": "no image bytes"})
                continue
            _add(tar, f"{number:09d}{_suffix(data)}", data)
            facts = {name: value for name, value in row.items() if not _holds_bytes(value)}
            _add(tar, f"{number:09d}.json", json.dumps(facts, default=str).encode())
    os.utime(draft, (0, 0))  # a shard made again from the same table is the same version
    bad.write_text(json.dumps(missing), encoding="utf-8")
    draft.replace(shard)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    header = tarfile.TarInfo(name)
    header.size = len(data)
    tar.addfile(header, io.BytesIO(data))


def _rows(table: Path) -> Iterator[Mapping[str, Any]]:
    if table.suffix == ".parquet":
        batches: Any = pq.ParquetFile(table).iter_batches(batch_size=_BATCH_ROWS)
        for batch in batches:
            yield from batch.to_pylist()
        return
    with pa.memory_map(str(table)) as file, pa.ipc.open_stream(file) as stream:
        for batch in stream:
            for first in range(0, batch.num_rows, _BATCH_ROWS):
                yield from batch.slice(first, _BATCH_ROWS).to_pylist()


def _schema(table: Path) -> pa.Schema:
    try:
        if table.suffix == ".parquet":
            return pq.read_schema(table)
        with pa.memory_map(str(table)) as file, pa.ipc.open_stream(file) as stream:
            return stream.schema
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{table}: can't be read ({error})") from error


def _image_column(schema: pa.Schema, asked: str | None) -> str | None:
    """The column asked for, or the first of the hub's shape: a struct of bytes and path."""
    if asked is not None:
        return asked if asked in schema.names else None
    for field in schema:
        kind = field.type
        if pa.types.is_struct(kind) and any(
            child.name == "bytes" and _is_binary(child.type) for child in kind
        ):
            return str(field.name)
    return None


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _bytes(value: object) -> bytes | None:
    found = value.get("bytes") if isinstance(value, dict) else value
    return found if isinstance(found, bytes) else None


def _holds_bytes(value: object) -> bool:
    inner = value.values() if isinstance(value, dict) else (value,)
    return any(isinstance(one, bytes) for one in inner)


def _suffix(data: bytes) -> str:
    # The ingester judges by the bytes; the suffix only says that it is meant as an image.
    return next((suffix for magic, suffix in _MAGIC if data.startswith(magic)), ".jpg")


def _plain(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
