"""Parquet files with PixelProse's 28 columns and types, in files of their own per source."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from pixelprose.curator.errors import LakeError
from pixelprose.curator.export.authors import AuthorKey, hashed
from pixelprose.curator.export.rows import Values
from pixelprose.curator.export.shard_format import MissingImage, ShardFormat
from pixelprose.lake import PIXELPROSE_28

_NONE: Final = -1
"""What the release says where a source has no such number."""

_TYPES: Final[Mapping[str, pa.DataType]] = {
    "string": pa.string(),
    "float64": pa.float64(),
    "int64": pa.int64(),
    "null": pa.null(),
}

SCHEMA: Final = pa.schema([(column.name, _TYPES[column.type]) for column in PIXELPROSE_28])

_ROW_GROUP_ROWS = 10_000

# What a column without SQL is made of, under names that none of the 28 has.
_RAW: Final = "source['fields'] as _fields, image['exif'] as _exif, signals as _signals"


class PixelProse28(ShardFormat):
    """The released layout: one row per caption, no bytes, authors hashed."""

    select = ", ".join(
        [f"{column.sql} as {column.name}" for column in PIXELPROSE_28 if column.sql] + [_RAW]
    )
    suffix = ".parquet"

    def __init__(self, key: AuthorKey | None) -> None:
        self._key = key

    def write(self, path: Path, rows: Iterable[Values]) -> list[MissingImage]:
        """Write the rows into a new Parquet file; no row needs an image."""
        whole = [self._row(row) for row in rows]
        table = pa.Table.from_pylist(whole, schema=SCHEMA)
        pq.write_table(table, path, compression="zstd", row_group_size=_ROW_GROUP_ROWS)
        return []

    def _row(self, row: Values) -> Values:
        fields = hashed(row["_fields"], self._key)
        return {**row, **{name: made(row, fields) for name, made in _MADE.items()}}


def _watermark_score(row: Values, _fields: Mapping[str, str]) -> float | None:
    signals = row["_signals"]
    score: float | None = signals["watermark_scores"].get(signals["watermark"])
    return score


def _exif(row: Values, _fields: Mapping[str, str]) -> str | None:
    exif = row["_exif"]
    return json.dumps(exif, sort_keys=True, ensure_ascii=False) if exif else None


def _text(name: str) -> Callable[[Values, Mapping[str, str]], str | None]:
    return lambda _row, fields: fields.get(name)


def _number(name: str) -> Callable[[Values, Mapping[str, str]], int]:
    def read(row: Values, fields: Mapping[str, str]) -> int:
        value = fields.get(name)
        try:
            return _NONE if value is None else int(value)
        except ValueError as error:
            raise LakeError(
                f"image {row['uid']}: {name} is {value!r}, and the release has a number there; "
                "leave such rows out with --where, or take the format jsonl"
            ) from error

    return read


_MADE: Final[Mapping[str, Callable[[Values, Mapping[str, str]], Any]]] = {
    "watermark_class_score": _watermark_score,
    "exif": _exif,
    "image_id": _text("image_id"),
    "author": _text("author"),
    "subreddit": _number("subreddit"),
    "score": _number("score"),
}
"""The columns that take more than SQL; the rest are expressions of `PIXELPROSE_28`."""
