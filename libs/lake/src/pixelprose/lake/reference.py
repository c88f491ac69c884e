"""The reference of all tables, `docs/reference/tables.md`, from what defines them."""

from collections.abc import Iterator
from typing import Final

from pixelprose.lake.columns import Column, columns_of
from pixelprose.lake.pixelprose_28 import PIXELPROSE_28, Counterpart
from pixelprose.lake.tables import TABLES, TableSpec
from pixelprose.lake.views import VIEWS

_HEAD: Final = """\
# Tables

Made by `make reference` from `libs/lake` and `schemas/`; do not edit.

Four Delta tables lie under `lake/` in the store. Every submission's end is in one of three: a row
in `captions`, a row in `rejections` with its reason, or a row in `dead_letters`; `images` has every
image that was screened and annotated, captioned or not. Known-hash hits are in no table.

Times are UTC. Digests are lower-case hex. A column is null only where its meaning says so. Columns
are only ever added, and read null in rows that are older. In SQL a field of a group is
`caption['text']`, or `caption.text` where the engine allows it.
"""

_FILES: Final = """\
## Files

Parquet, compressed with Zstandard, split into folders by `ingest_date`. `looked up` are the columns
with a Bloom filter in each row group, so that a lookup reads little of a file; `statistics` those
with minimum and maximum, in the table's log and in the files. No other column has either: what an
erasure must remove stands in no log. Each file that a sink writes is sorted; compaction puts such
files one behind the other and sorts nothing anew.

| table | sorted by | statistics | looked up |
|---|---|---|---|
"""


def reference() -> str:
    """Return the document."""
    return "\n".join((_HEAD, *map(_table, TABLES), _files(), _views(), _counterparts()))


def _table(table: TableSpec) -> str:
    lines = "\n".join(map(_line, columns_of(table.row)))
    return (
        f"## `{table.name}`\n\n{table.row.__doc__}\n\n"
        f"| column | type | null | meaning |\n|---|---|---|---|\n{lines}\n"
    )


def _line(column: Column) -> str:
    null = "yes" if column.nullable else ""
    return f"| `{column.path}` | {column.type} | {null} | {column.doc} |"


def _files() -> str:
    lines = (
        f"| `{t.name}` | {_names(t.sort_by)} | {_names(t.statistics)} | {_names(t.looked_up)} |\n"
        for t in TABLES
    )
    return _FILES + "".join(lines)


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in columns)


def _views() -> str:
    return "## Views\n\n" + "\n".join(_view_texts())


def _view_texts() -> Iterator[str]:
    for name, sql in VIEWS.items():
        yield f"`{name}`: {_PROMISES[name]}\n\n```sql\n{sql}```\n"


_PROMISES: Final = {
    "captions_current": "one row per image: of its highest attempt under each policy, the newest "
    "caption.",
    "submission_ends": "how every submission ended: per policy, its highest attempt. An end before "
    "any policy (a dead link) counts until a higher attempt ended in any way. An attempt whose "
    "caption came out as an earlier one's is captioned, with the reason `duplicate_row`: the "
    "earlier row stands.",
}


def _counterparts() -> str:
    lines = "\n".join(
        f"| {number} | `{one.name}` | {one.type} | {_sql(one)} | {one.note} |"
        for number, one in enumerate(PIXELPROSE_28, 1)
    )
    return (
        "## PixelProse's 28 columns\n\n"
        f"| # | column | type | in `captions` | note |\n|---|---|---|---|---|\n{lines}\n"
    )


def _sql(one: Counterpart) -> str:
    return f"`{one.sql}`" if one.sql else ""
