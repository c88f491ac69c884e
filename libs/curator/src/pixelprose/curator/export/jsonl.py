"""One JSON object per line: the whole row, groups as objects, times in ISO 8601."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from pixelprose.curator.export.authors import AuthorKey, hashed
from pixelprose.curator.export.rows import Values
from pixelprose.curator.export.shard_format import MissingImage, ShardFormat


class JsonLines(ShardFormat):
    """Whole rows as lines of JSON."""

    select = "*"
    suffix = ".jsonl"

    def __init__(self, key: AuthorKey | None) -> None:
        self._key = key

    def write(self, path: Path, rows: Iterable[Values]) -> list[MissingImage]:
        """Write the rows into a new file; no row needs an image."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for row in rows:
                file.write(row_json(row, self._key))
                file.write("\n")
        return []


def row_json(row: Values, key: AuthorKey | None) -> str:
    """Return a row of `captions` as JSON, its author hashed.

    Raises:
        LakeError: there is an author and no key.
    """
    source = {**row["source"], "fields": hashed(row["source"]["fields"], key)}
    return json.dumps({**row, "source": source}, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"no JSON for {value!r}")
