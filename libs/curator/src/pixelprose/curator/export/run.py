"""The export itself: shard after shard, each whole or not there, then the manifest."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pixelprose.curator.errors import LakeError, WrongRequest
from pixelprose.curator.export.authors import AuthorKey
from pixelprose.curator.export.journal import JOURNAL, Journal
from pixelprose.curator.export.jsonl import JsonLines
from pixelprose.curator.export.pixelprose_28 import PixelProse28
from pixelprose.curator.export.plan import Plan, Shard, plan
from pixelprose.curator.export.request import Format, Request
from pixelprose.curator.export.rows import Counted, SourceRows
from pixelprose.curator.export.shard_format import ShardFormat
from pixelprose.curator.export.webdataset import WebDataset
from pixelprose.curator.lake import LakeTable

MANIFEST = "manifest.json"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")

Progress = Callable[[int, int], None]
"""Is told rows done and rows in all."""


@dataclass(frozen=True, slots=True)
class Export:
    """One export into one folder."""

    table: LakeTable
    request: Request
    folder: Path
    key: AuthorKey | None

    def run(self, on_progress: Progress) -> Mapping[str, Any]:
        """Write what is not there yet, and return the manifest.

        Raises:
            WrongRequest: the folder holds something else, or another export.
            LakeError: the filter is wrong, an author has no key,
                or the table can't be read.
            StoreError: the store does not answer.
        """
        journal = self._journal()
        planned = plan(self.table, self.request)
        done = {str(entry["name"]): entry for entry in journal.entries()}
        rows_done = sum(entry["rows"] for entry in done.values())
        on_progress(rows_done, planned.rows)
        writer, open_rows = self._format(), None
        for shard in planned.shards:
            name = shard_name(shard, self.request.format, writer.suffix)
            if name in done:
                open_rows = None
                continue
            if open_rows is None or shard.number == 0:
                open_rows = SourceRows(
                    self.table, self.request, planned, writer.select, start=shard
                )
            done[name] = self._write(name, shard, open_rows, writer)
            journal.add(done[name])
            rows_done += shard.rows
            on_progress(rows_done, planned.rows)
        return self._finish(planned, sorted(done.values(), key=lambda entry: str(entry["name"])))

    def _journal(self) -> Journal:
        self.folder.mkdir(parents=True, exist_ok=True)
        journal = Journal(self.folder / JOURNAL)
        begun = journal.request()
        if begun is None:
            if any(file != journal.path for file in self.folder.iterdir()):
                raise WrongRequest(f"{self.folder} is not empty and holds no export; name another")
            journal.begin(self.request)
        elif begun != self.request.document():
            differs = [
                name for name, value in self.request.document().items() if begun.get(name) != value
            ]
            raise WrongRequest(
                f"{self.folder} holds another export ({', '.join(differs)}: "
                f"{', '.join(str(begun.get(name)) for name in differs)}); name another folder"
            )
        return journal

    def _format(self) -> ShardFormat:
        match self.request.format:
            case Format.PIXELPROSE_28:
                return PixelProse28(self.key)
            case Format.WEBDATASET:
                return WebDataset(self.table.store, self.key)
            case Format.JSONL:
                return JsonLines(self.key)

    def _write(
        self, name: str, shard: Shard, rows: SourceRows, writer: ShardFormat
    ) -> dict[str, Any]:
        path = self.folder / name
        partial = path.with_name(f"{name}.partial")
        taken = Counted(rows.take(shard.rows))
        missing = writer.write(partial, taken)
        if taken.count != shard.rows:
            raise LakeError(
                f"{name}: {taken.count:,} rows instead of {shard.rows:,}; a filter must not depend "
                "on time or chance"
            )
        with partial.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        entry = {
            "name": name,
            "source": shard.source,
            "rows": shard.rows,
            "bytes": partial.stat().st_size,
            "sha256": digest,
            "missing_images": [asdict(one) for one in missing],
        }
        partial.rename(path)
        return entry

    def _finish(self, planned: Plan, files: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        sources: Counter[str] = Counter()
        for part in planned.parts:
            sources[part.source] += part.rows
        document = {
            "table": self.table.name,
            "request": self.request.document(),
            "rows": planned.rows,
            "missing_images": sum(len(file["missing_images"]) for file in files),
            "sources": dict(sources),
            "files": list(files),
            "made_with": {
                name: version(name) for name in ("pixelprose-curator", "deltalake", "pyarrow")
            },
        }
        path = self.folder / MANIFEST
        partial = path.with_name(f"{MANIFEST}.partial")
        partial.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
        partial.rename(path)
        return document


def begun(folder: Path) -> int | None:
    """Return the table version of an export that began in this folder; None where none did."""
    request = Journal(folder / JOURNAL).request()
    return int(request["version"]) if request else None


def shard_name(shard: Shard, format_: Format, suffix: str) -> str:
    """Return a shard's file name: as in the release, or as loaders of tar shards expect."""
    source = _UNSAFE.sub("_", shard.source) or "_"
    if source != shard.source:
        # Two names must not meet in one file.
        source += "-" + hashlib.sha256(shard.source.encode()).hexdigest()[:8]
    if format_ is Format.PIXELPROSE_28:
        return f"vlm_captions_{source}_{shard.number:02d}{suffix}"
    return f"{source}-{shard.number:06d}{suffix}"
