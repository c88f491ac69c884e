"""One row to submit, however it was found, and what is wrong with one that can't be."""

import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pixelprose.cli.errors import WrongUsage
from pixelprose.records import Rights

_URL = re.compile(r"(https?://|file:///|s3://)\S", re.IGNORECASE)
_SHOWN: Final = 60
"""Characters of a bad value that a message shows."""


class SourceError(WrongUsage):
    """Something can't be read as asked, so that nothing of it was submitted; says what to do."""


@dataclass(frozen=True, slots=True)
class Columns:
    """How to read a row; the first column that is there counts. The rest is kept in its fields.

    Attributes:
        authors: names of people; left out, or with `author_key` kept as a keyed hash.
        left_out: columns that are not kept.
        headerless: columns of a file without a header line.
        rights: what holds for rows that declare no licence.
    """

    url: tuple[str, ...] = ("url",)
    alt_text: tuple[str, ...] = ("caption",)
    licence: tuple[str, ...] = ("license",)
    authors: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    headerless: tuple[str, ...] = ()
    rights: Rights = field(default_factory=Rights)
    author_key: bytes | None = field(default=None, repr=False)

    def fingerprint(self) -> str:
        """Return what tells one way of reading from another: it belongs to a row's identity."""
        key = hashlib.sha256(self.author_key or b"").hexdigest()
        return hashlib.sha256(f"{self!r} {key}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One image to submit.

    Attributes:
        number: position in the file, from 0.
        fields: the row's other columns as text.
        event_id: names this act of submitting within its source; by default the number.
    """

    number: int
    url: str
    alt_text: str | None
    rights: Rights
    fields: Mapping[str, str]
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be submitted; `where` is the file and line, or the name."""

    where: str
    why: str


Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Described:
    """What a row says about its image."""

    alt_text: str | None
    rights: Rights
    fields: dict[str, str]


def row_of(number: int, where: str, raw: Raw, columns: Columns) -> SourceRow | BadRow:
    """Return the row that these columns hold."""
    url = _first(raw, columns.url)
    if not url:
        return BadRow(where, "no URL")
    if not _URL.match(url.strip()):
        return BadRow(where, f"no URL of http, https, file or s3: {url[:_SHOWN]!r}")
    said = described(raw, columns, taken=columns.url)
    row = SourceRow(number, url, said.alt_text, said.rights, said.fields)
    return row if is_text(row) else BadRow(where, "not UTF-8")


def described(raw: Raw, columns: Columns, *, taken: tuple[str, ...] = ()) -> Described:
    """Return what the columns say, without what must not be kept."""
    licence = _first(raw, columns.licence)
    rights = columns.rights if licence is None else Rights(licence=licence, basis="declared")
    gone = {*taken, *columns.alt_text, *columns.licence, *columns.left_out, *columns.authors}
    fields = {name: text for name in raw if name not in gone and (text := _text(raw[name]))}
    if columns.author_key is not None:
        for name in columns.authors:
            if author := _text(raw.get(name)):
                fields[name] = _hashed(author, columns.author_key)
    return Described(_first(raw, columns.alt_text), rights, fields)


def is_text(row: SourceRow) -> bool:
    """Tell whether all of it can be written as UTF-8."""
    try:
        for text in (row.url, row.alt_text or "", row.rights.licence or ""):
            text.encode()
        for name, value in row.fields.items():
            (name + value).encode()
    except UnicodeEncodeError:
        return False
    return True


def _first(raw: Raw, names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := _text(raw.get(name)))), None)


def _text(value: object) -> str | None:
    """The value as text; None for nothing, which in tables of floats is NaN."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _hashed(author: str, key: bytes) -> str:
    return "hmac-sha256:" + hmac.new(key, author.encode("utf-8", "replace"), "sha256").hexdigest()
