"""Rows of URLs from the files people have: text, CSV, TSV, JSON, JSON lines, Parquet."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from pixelprose.cli.errors import CommandError
from pixelprose.cli.rows import BadRow, Columns, Raw, SourceError, SourceRow, row_of

_BATCH_ROWS = 4096

Place = str
"""Where a row stands, for people."""

Reader = Callable[[Path, Columns], Iterator[tuple[Place, Raw | BadRow]]]


def rows(path: Path, columns: Columns) -> Iterator[SourceRow | BadRow]:
    """Yield the file's rows in order; a row that can't be read is one that is bad, no more.

    Raises:
        SourceError: an unknown kind of file, a missing column, or no file of its kind; before the
            first good row.
        CommandError: a file that is broken further on.
    """
    for number, (where, raw) in enumerate(_reader(path)(path, columns)):
        yield raw if isinstance(raw, BadRow) else row_of(number, where, raw, columns)


def check_readable(path: Path, columns: Columns) -> None:
    """Do nothing if the file can be read as asked, as far as its first good row.

    Raises:
        SourceError: it can't be.
    """
    next((row for row in rows(path, columns) if isinstance(row, SourceRow)), None)


def count(path: Path) -> int | None:
    """Return how many rows the file has, or None where only reading it would tell."""
    if path.suffix == ".parquet":
        return int(pq.ParquetFile(path).metadata.num_rows)
    if path.suffix not in {".txt", ".jsonl"}:
        return None
    with path.open("rb") as lines:
        return sum(1 for line in lines if line.strip())


def _reader(path: Path) -> Reader:
    try:
        return _READERS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(sorted(_READERS))
        raise SourceError(f"{path}: unknown kind of file; use one of {known}") from None


def _text(path: Path, columns: Columns) -> Iterator[tuple[Place, Raw]]:
    for number, line in _lines(path):
        yield f"{path}, line {number}", {columns.url[0]: line}


def _jsonl(path: Path, columns: Columns) -> Iterator[tuple[Place, Raw | BadRow]]:
    asked = False
    for number, line in _lines(path):
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield where, BadRow(where, f"not JSON ({error})")
            continue
        if not asked and isinstance(row, dict):
            _need(path, columns, row)
            asked = True
        yield where, _object(where, row)


def _json(path: Path, columns: Columns) -> Iterator[tuple[Place, Raw | BadRow]]:
    """A list of objects, or an object that holds one as `annotations`."""
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path}: not JSON ({error})") from error
    found = document.get("annotations") if isinstance(document, dict) else document
    if not isinstance(found, list):
        raise SourceError(f"{path}: a list of objects is needed, or one named `annotations`")
    if found and isinstance(found[0], dict):
        _need(path, columns, found[0])
    for number, row in enumerate(found, start=1):
        where = f"{path}, item {number}"
        yield where, _object(where, row)


def _csv(path: Path, columns: Columns) -> Iterator[tuple[Place, Raw | BadRow]]:
    return _separated(path, columns, ",")


def _tsv(path: Path, columns: Columns) -> Iterator[tuple[Place, Raw | BadRow]]:
    return _separated(path, columns, "\t")


def _separated(
    path: Path, columns: Columns, delimiter: str
) -> Iterator[tuple[Place, Raw | BadRow]]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        # Tab-separated files quote nothing: a caption may begin with a quotation mark.
        quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
        reader = csv.reader(lines, delimiter=delimiter, quoting=quoting)
        header = next(reader, [])
        if columns.headerless and any("://" in cell for cell in header):
            header = list(columns.headerless)
            lines.seek(0)
            reader = csv.reader(lines, delimiter=delimiter, quoting=quoting)
        _need(path, columns, header)
        for where, cells in _cells(path, reader):
            if isinstance(cells, BadRow):
                yield where, cells
            elif len(cells) != len(header):
                yield where, BadRow(where, f"{len(cells)} cells under {len(header)} columns")
            else:
                yield where, dict(zip(header, cells, strict=True))


def _cells(path: Path, reader: Iterator[list[str]]) -> Iterator[tuple[Place, list[str] | BadRow]]:
    """Yield the lines that hold anything; one that breaks the reader is one line."""
    while True:
        try:
            cells: list[str] | BadRow = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = BadRow(_line(path, reader), str(error))
        if cells:
            yield _line(path, reader), cells


def _line(path: Path, reader: object) -> Place:
    return f"{path}, line {getattr(reader, 'line_num', '?')}"


def _parquet(path: Path, columns: Columns) -> Iterator[tuple[Place, Raw]]:
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise SourceError(f"{path}: not readable as Parquet ({error})") from error
    _need(path, columns, file.schema_arrow.names)
    number = 0
    try:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            for row in batch.to_pylist():
                number += 1
                yield f"{path}, row {number}", row
    except pa.ArrowException as error:
        raise CommandError(f"{path}: broken after row {number} ({error})") from error


_READERS: dict[str, Reader] = {
    ".txt": _text,
    ".csv": _csv,
    ".tsv": _tsv,
    ".json": _json,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if text := line.strip():
                yield number, text


def _object(where: Place, row: object) -> Raw | BadRow:
    return row if isinstance(row, dict) else BadRow(where, "not an object")


def _need(path: Path, columns: Columns, names: Iterable[str]) -> None:
    found = list(names)
    if not set(columns.url) & set(found):
        asked = " or ".join(map(repr, columns.url))
        raise SourceError(
            f"{path}: no column {asked} (found: {', '.join(map(str, found)) or 'none'}); "
            "name it with --url-column, or choose a --preset"
        )
