"""The file format of a known-hash list: CSV under a short header.

    # name: example-list
    # version: 2026-10-01
    # date: 2026-10-01
    pdq,sha256,id
    f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22,,case-1

`name` and `version` are required, `date` (ISO 8601) is not. The columns `pdq` and `sha256` hold 64
hex digits; at least one of them is there, and every row fills at least one. `id` is for the list's
keeper and is not read. Anything else is refused: a list that is half understood protects nobody.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, TextIO

HASH_COLUMNS: Final = ("pdq", "sha256")
COLUMNS: Final = (*HASH_COLUMNS, "id")
FIELDS: Final = ("name", "version", "date")

_HASH = re.compile(r"[0-9a-f]{64}")
_HEADER = re.compile(r"#\s*([a-z]+)\s*:\s*(\S.*?)\s*")


class HashListError(ValueError):
    """The list can't be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class HashListFile:
    """A list as it was read; hashes are lower case."""

    name: str
    version: str
    date: date | None
    entries: int
    pdq: tuple[str, ...]
    sha256: tuple[str, ...]


def read_hash_list(path: Path) -> HashListFile:
    """Read all of a list, or nothing of it.

    Raises:
        HashListError: there is no such file, or it is empty, nameless, without a version, or has
            one line that is not understood.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(path, file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise HashListError(f"known-hash list {path} can't be read: {error}") from error


def check_age(read: HashListFile, *, today: date, max_age_days: int) -> None:
    """Accept a list that is young enough; one without a date has no age.

    Raises:
        HashListError: it is older than that.
    """
    if read.date is not None and (age := (today - read.date).days) > max_age_days:
        raise HashListError(
            f"known-hash list {read.name} is {age} days old, {max_age_days} are allowed"
        )


def _read(path: Path, file: TextIO) -> HashListFile:
    header, lines, columns = _header(path, file)
    found: dict[str, list[str]] = {column: [] for column in HASH_COLUMNS}
    entries = 0
    for number, row in enumerate(csv.reader(file), start=lines + 1):
        if not row:
            continue
        if len(row) != len(columns):
            raise _broken(path, number, f"{len(row)} cells under {len(columns)} columns")
        hashes = list(_hashes(path, number, dict(zip(columns, row, strict=True))))
        for column, value in hashes:
            found[column].append(value)
        entries += 1
    if not entries:
        raise HashListError(f"known-hash list {path} is empty: it would let everything pass")
    return HashListFile(
        name=header["name"],
        version=header["version"],
        date=_date(path, header.get("date")),
        entries=entries,
        pdq=tuple(found["pdq"]),
        sha256=tuple(found["sha256"]),
    )


def _header(path: Path, file: TextIO) -> tuple[dict[str, str], int, list[str]]:
    """The header's fields, the number of lines up to the columns, and the columns."""
    fields: dict[str, str] = {}
    for number, line in enumerate(file, start=1):
        if not line.startswith("#"):
            columns = [cell.strip().lower() for cell in line.strip().split(",")]
            _check_columns(path, number, columns)
            break
        match = _HEADER.fullmatch(line.strip())
        if match is None or match[1] not in FIELDS or match[1] in fields:
            raise _broken(path, number, f"a header line is '# field: value', once per {FIELDS}")
        fields[match[1]] = match[2]
    else:
        raise HashListError(f"known-hash list {path} is empty: it would let everything pass")
    for required in ("name", "version"):
        if required not in fields:
            raise HashListError(f"known-hash list {path} has no line '# {required}: ...'")
    return fields, number, columns


def _check_columns(path: Path, number: int, columns: list[str]) -> None:
    known = set(columns) <= set(COLUMNS) and len(set(columns)) == len(columns)
    if not known or not set(columns) & set(HASH_COLUMNS):
        raise _broken(path, number, f"columns are some of {COLUMNS}, with a hash among them")


def _hashes(path: Path, number: int, row: dict[str, str]) -> Iterator[tuple[str, str]]:
    filled = [(c, row[c].strip().lower()) for c in HASH_COLUMNS if row.get(c, "").strip()]
    if not filled:
        raise _broken(path, number, "no hash in this row")
    for column, value in filled:
        if not _HASH.fullmatch(value):
            raise _broken(path, number, f"{column} is not 64 hex digits")
        yield column, value


def _date(path: Path, value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value is not None else None
    except ValueError as error:
        raise HashListError(f"known-hash list {path}: date {value!r} is not ISO 8601") from error


def _broken(path: Path, number: int, why: str) -> HashListError:
    return HashListError(f"known-hash list {path}, line {number}: {why}")
