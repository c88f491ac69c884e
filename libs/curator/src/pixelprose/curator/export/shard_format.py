"""The port: how one shard of rows becomes a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pixelprose.curator.export.rows import Values


@dataclass(frozen=True, slots=True)
class MissingImage:
    """A row whose image is not in the store any more; it is left out and listed."""

    row_id: str
    key: str


class ShardFormat(Protocol):
    """Writes shards; equal rows give equal bytes."""

    select: str
    """The columns it needs, as SQL on `captions`."""
    suffix: str

    def write(self, path: Path, rows: Iterable[Values]) -> list[MissingImage]:
        """Write the rows into a new file, and return those without an image."""
