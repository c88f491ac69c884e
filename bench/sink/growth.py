"""How long the guarded commit of one row takes as its table grows, left alone or looked after.

Most of the growth repeats the table's first commit in its log: a file of one row (a link to the
first), under a name and a time of its own, and the next position. Every tenth of the last hundred
commits, so at every age of the checkpoint, is one of the sink, and is timed.
"""

import json
import os
import statistics
import time
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.sink.captions import NOON, Captions, column_reader, opened
from bench.sink.meter import Figures
from deltalake import DeltaTable

from pixelprose.lake import CAPTIONS
from pixelprose.sink.files import writer_properties

_CYCLE = 100
"""Commits from checkpoint to checkpoint, and from compaction to compaction where there is one."""

_TIMED_EVERY = 10


def growth(*, commits: int, compacted: bool) -> Figures:
    """Milliseconds of a commit once the table had a hundredth, a tenth and all of its commits."""
    figures: Figures = {}
    with TemporaryDirectory() as name:
        table = _GrowingTable(Path(name), compacted=compacted)
        for point in (commits // 100, commits // 10, commits):
            table.grow(point - _CYCLE)
            cpu, wall = table.grow_and_time(point)
            figures[f"after_{point}_cpu_ms"] = cpu
            figures[f"after_{point}_wall_ms"] = wall
            figures[f"after_{point}_files"] = table.files()
    return figures


class _GrowingTable:
    """A captions table of one-row files."""

    def __init__(self, folder: Path, *, compacted: bool) -> None:
        table, self._guarded = opened(folder, "growing")
        self._uri = table.uri
        self._log = Path(table.uri) / "_delta_log"
        self._captions, self._reader = Captions(), column_reader()
        self._compacted = compacted
        self._commits = 0
        self._append()
        self._first = [json.loads(line) for line in self._commit_file(1).read_text().splitlines()]

    def grow(self, commits: int) -> None:
        """Repeat the first commit until there are so many."""
        version = DeltaTable(self._uri).version()
        while self._commits < commits:
            version += 1
            self._repeat(version)
            if self._commits % _CYCLE == 0:
                version = self._look_after()

    def grow_and_time(self, commits: int) -> tuple[float, float]:
        """Grow on; return medians of processor and wall milliseconds of the sink's commits."""
        costs: list[tuple[float, float]] = []
        while self._commits < commits:
            self.grow(min(commits, self._commits + _TIMED_EVERY) - 1)
            costs.append(self._append())
        # The first learns of all that grew before it at once, as no running sink must.
        cpu, wall = zip(*costs[1:], strict=True)
        return statistics.median(cpu) * 1e3, statistics.median(wall) * 1e3

    def files(self) -> int:
        """Return how many files the table has."""
        return len(DeltaTable(self._uri).file_uris())

    def _append(self) -> tuple[float, float]:
        messages = self._captions.messages(1, start=self._commits)
        cpu, wall = time.process_time(), time.perf_counter()
        self._guarded.append(self._reader(messages).rows)
        self._commits += 1
        return time.process_time() - cpu, time.perf_counter() - wall

    def _repeat(self, version: int) -> None:
        actions = [
            self._changed(kind, deepcopy(one))
            for action in self._first
            for kind, one in action.items()
        ]
        self._commit_file(version).write_text("\n".join(map(json.dumps, actions)))
        self._commits += 1

    def _changed(self, kind: str, action: dict[str, Any]) -> dict[str, Any]:
        if kind == "txn":
            action["version"] = self._commits
        if kind == "add":
            original = Path(self._uri) / action["path"]
            copy = original.with_name(f"part-{self._commits:06}.parquet")
            os.link(original, copy)
            action["path"] = str(copy.relative_to(self._uri))
            action["stats"] = self._later(action["stats"])
        return {kind: action}

    def _later(self, stats: str) -> str:
        found: dict[str, Any] = json.loads(stats)
        at = (NOON + timedelta(seconds=self._commits)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for bound in ("minValues", "maxValues"):
            found[bound]["ingested_at"] = at
        return json.dumps(found)

    def _look_after(self) -> int:
        handle = DeltaTable(self._uri)
        if self._compacted:
            handle.optimize.compact(writer_properties=writer_properties(CAPTIONS))
        handle.create_checkpoint()
        return handle.version()

    def _commit_file(self, version: int) -> Path:
        return self._log / f"{version:020}.json"
