"""What an export has finished, kept beside its files, so that a stopped one goes on."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixelprose.curator.errors import LakeError
from pixelprose.curator.export.request import Request

JOURNAL = "export.journal.jsonl"
"""The first line is the request; each further line a finished shard's entry of the manifest."""


@dataclass(frozen=True, slots=True)
class Journal:
    """A file of lines, each on disk before the next shard begins.

    A line that a crash or a full disk tore has no end: it counts for nothing, and the next line
    takes its place.
    """

    path: Path

    def begin(self, request: Request) -> None:
        """Write the request as the first line."""
        self._append(request.document())

    def add(self, entry: Mapping[str, Any]) -> None:
        """Note a finished shard."""
        self._append(entry)

    def entries(self) -> Sequence[Mapping[str, Any]]:
        """Return the finished shards whose files are still there, whole."""
        return [entry for entry in self._lines()[1:] if self._is_there(entry)]

    def request(self) -> Mapping[str, Any] | None:
        """Return what was asked for when this export began; None where none did."""
        lines = self._lines()
        return lines[0] if lines else None

    def _append(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, ensure_ascii=False) + "\n"
        with self.path.open("ab") as file:
            file.truncate(len(self._whole()))
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())

    def _lines(self) -> list[Mapping[str, Any]]:
        try:
            return [json.loads(line) for line in self._whole().splitlines()]
        except ValueError as error:
            raise LakeError(f"{self.path} is damaged; delete the folder and begin again") from error

    def _whole(self) -> bytes:
        """The lines that have an end."""
        if not self.path.exists():
            return b""
        found = self.path.read_bytes()
        return found[: found.rfind(b"\n") + 1]

    def _is_there(self, entry: Mapping[str, Any]) -> bool:
        file = self.path.parent / str(entry["name"])
        return file.exists() and file.stat().st_size == entry["bytes"]
