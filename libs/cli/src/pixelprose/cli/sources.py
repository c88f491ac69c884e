"""Rows of URLs from the files people have: text, CSV, JSON lines, Parquet."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

_BATCH_ROWS = 4096


class SourceError(Exception):
    """A file that can't be read as asked; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns to read; the rest of a row is kept in its own fields."""

    url: str = "url"
    alt_text: str | None = "caption"
    licence: str | None = "license"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One URL to submit, as the file has it.

    Attributes:
        number: position in the file, from 0; with the file's hash it identifies the submission.
        fields: the row's other columns as text.
    """

    number: int
    url: str
    alt_text: str | None
    licence: str | None
    fields: Mapping[str, str]


def rows(path: Path, columns: Columns) -> Iterator[SourceRow]:
    """Yield the file's rows in order; rows without a URL are yielded with an empty one.

    Raises:
        SourceError: an unknown kind of file, a missing column or a broken line.
    """
    for number, raw in enumerate(_reader(path)(path, columns)):
        yield _row(number, raw, columns)


def count(path: Path) -> int | None:
    """Return how many rows the file has, or None where only reading it would tell."""
    if path.suffix == ".parquet":
        return int(pq.ParquetFile(path).metadata.num_rows)
    if path.suffix == ".csv":
        return None
    with path.open("rb") as lines:
        return sum(1 for line in lines if line.strip())


Raw = Mapping[str, Any]
Reader = Callable[[Path, Columns], Iterator[Raw]]


def _reader(path: Path) -> Reader:
    try:
        return _READERS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(sorted(_READERS))
        raise SourceError(f"{path}: unknown kind of file; use one of {known}") from None


def _text(path: Path, columns: Columns) -> Iterator[Raw]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield {columns.url: line.strip()}


def _csv(path: Path, columns: Columns) -> Iterator[Raw]:
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, restkey="_rest")
        _need(path, columns.url, reader.fieldnames or ())
        yield from reader


def _jsonl(path: Path, columns: Columns) -> Iterator[Raw]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise SourceError(f"{path}, line {number}: not JSON ({error})") from error
            if not isinstance(row, dict):
                raise SourceError(f"{path}, line {number}: an object per line is needed")
            if number == 1:
                _need(path, columns.url, row)
            yield row


def _parquet(path: Path, columns: Columns) -> Iterator[Raw]:
    file = pq.ParquetFile(path)
    _need(path, columns.url, file.schema_arrow.names)
    for batch in file.iter_batches(batch_size=_BATCH_ROWS):
        yield from batch.to_pylist()


_READERS: dict[str, Reader] = {
    ".txt": _text,
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}


def _need(path: Path, column: str, names: Any) -> None:  # noqa: ANN401 - any container of names
    if column not in names:
        found = ", ".join(map(str, names)) or "none"
        raise SourceError(
            f"{path}: no column {column!r} (found: {found}); name it with --url-column"
        )


def _row(number: int, raw: Raw, columns: Columns) -> SourceRow:
    taken = {columns.url, columns.alt_text, columns.licence}
    return SourceRow(
        number=number,
        url=str(raw.get(columns.url) or ""),
        alt_text=_optional(raw, columns.alt_text),
        licence=_optional(raw, columns.licence),
        fields={
            name: value if isinstance(value, str) else json.dumps(value, default=str)
            for name, value in raw.items()
            if name not in taken and value is not None
        },
    )


def _optional(raw: Raw, name: str | None) -> str | None:
    value = raw.get(name) if name else None
    return None if value is None or value == "" else str(value)
