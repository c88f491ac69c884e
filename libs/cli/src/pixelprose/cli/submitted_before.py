"""What was submitted of folders and prefixes, kept between runs: all of a batch, or none."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

_SCHEMA = "CREATE TABLE IF NOT EXISTS submitted (key TEXT PRIMARY KEY) WITHOUT ROWID"


class SubmittedBefore:
    """Keys of units that one cluster has accepted.

    Losing it costs time alone: what is submitted again is recognised by its ids.
    """

    def __init__(self, folder: Path, *, cluster: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(folder / f"{cluster}-images.sqlite", timeout=30)
        with self._file:
            self._file.execute(_SCHEMA)

    def __contains__(self, key: str) -> bool:
        query = "SELECT 1 FROM submitted WHERE key = ?"
        with closing(self._file.execute(query, (key,))) as found:
            return found.fetchone() is not None

    def add(self, keys: Iterable[str]) -> None:
        """Remember these; after a crash all of them are there, or none."""
        with self._file:
            self._file.executemany(
                "INSERT OR IGNORE INTO submitted VALUES (?)", ((key,) for key in keys)
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
