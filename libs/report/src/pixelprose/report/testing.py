"""Rows, tables and pages for tests, without a store."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec
from deltalake import DeltaTable, write_deltalake
from PIL import Image

from pixelprose.curator import LakeTable
from pixelprose.curator.testing import a_caption
from pixelprose.lake import PARTITION_BY, TableSpec
from pixelprose.objectstore import MemoryStore
from pixelprose.report.cards import card
from pixelprose.report.ends import End
from pixelprose.report.page import Contents
from pixelprose.report.pictures import MISSING, small
from pixelprose.report.request import Request
from pixelprose.report.rows import Row, row_of

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def jpeg(*, width: int = 320, height: int = 240, colour: str = "white") -> bytes:
    """Return a rendition of one colour."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(written, "JPEG")
    return written.getvalue()


def a_table(folder: Path, spec: TableSpec, *commits: Sequence[msgspec.Struct]) -> LakeTable:
    """Return a table in a folder, with a file or more for each commit."""
    for rows in commits:
        write_deltalake(folder, spec.arrow(rows), mode="append", partition_by=[PARTITION_BY])
    return LakeTable(spec, DeltaTable(folder), MemoryStore())


def a_row(number: int, **changed: object) -> Row:
    """Return the row of caption `number`; `caption__text=...` changes a field of a group."""
    values: dict[str, Any] = msgspec.to_builtins(a_caption(number), builtin_types=(datetime, date))
    for path, value in changed.items():
        *groups, name = path.split("__")
        at = values
        for group in groups:
            at = at[group]
        at[name] = value
    return row_of(values)


def contents(rows: Sequence[Row], **changed: Any) -> Contents:  # noqa: ANN401 - any field
    """Return a page's contents with these rows; every third picture is missing."""
    picture = small(jpeg())
    pictures = cycle((picture, picture, MISSING))
    made = Contents(
        where_it_is="s3://bucket/lake",
        version=1,
        made_at=NOON,
        request=Request(),
        command="pixelprose report",
        stored=len(rows),
        survey=None,
        ends=[
            End("captioned", "captioner", "", "A row.", len(rows), 0),
            End("rejected", "safety-filter", "nsfw", "Unsafe.", 2, 1),
        ],
        cards=[card(number, row, next(pictures)) for number, row in enumerate(rows, 1)],
        withheld=0,
    )
    return replace(made, **changed)
