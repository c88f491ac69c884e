"""A table's history, from its log: one commit a file, in Delta's own protocol."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pixelprose.curator.lake import LakeTable
from pixelprose.objectstore import ObjectKey

_READERS = 8
_TAKEN_OVER = ("num_copied_rows", "num_updated_rows")
"""What delta-rs counts of a delete and an update that is in the new files and was in the old."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One version of the table: what changed.

    Attributes:
        changes_data: whether rows came or went; compaction only moves them to other files.
        rows_added: rows in new files, without those that a delete or an update took over from
            former files.
        positions: the last offset of each partition that this commit brought, by app id
            (cluster id / topic UUID / partition).
    """

    version: int
    at: datetime
    operation: str
    changes_data: bool
    rows_added: int
    rows_removed: int
    files_added: int
    files_removed: int
    bytes_added: int
    positions: Mapping[str, int]


def history(table: LakeTable, *, newest: int | None = None) -> Sequence[Commit]:
    """Return the commits that the log still holds, oldest first, up to the table's version."""
    files = sorted(_commit_files(table).items())
    files = [(version, key) for version, key in files if version <= table.version]
    if newest is not None:
        files = files[max(0, len(files) - newest) :]
    with ThreadPoolExecutor(_READERS) as pool:
        bodies = pool.map(lambda item: table.store.get(item[1]), files)
        return [_commit(version, body) for (version, _), body in zip(files, bodies, strict=True)]


def _commit_files(table: LakeTable) -> dict[int, ObjectKey]:
    prefix = table.key("_delta_log/")
    found = {}
    for key in table.store.list(prefix):
        name = key.removeprefix(prefix)
        if name.endswith(".json") and name[:-5].isdigit():
            found[int(name[:-5])] = key
    return found


def _commit(version: int, body: bytes) -> Commit:
    actions = [json.loads(line) for line in body.splitlines() if line.strip()]
    info = next(_of(actions, "commitInfo"), {})
    adds, removes = list(_of(actions, "add")), list(_of(actions, "remove"))
    metrics = info.get("operationMetrics", {})
    changes = any(action.get("dataChange", True) for action in (*adds, *removes))
    taken_over = sum(int(metrics.get(name, 0)) for name in _TAKEN_OVER)
    return Commit(
        version=version,
        at=datetime.fromtimestamp(int(info.get("timestamp", 0)) / 1000, UTC),
        operation=str(info.get("operation", "unknown")),
        changes_data=changes,
        rows_added=sum(_rows(add) for add in adds) - taken_over,
        rows_removed=int(metrics.get("num_deleted_rows", 0)),
        files_added=len(adds),
        files_removed=len(removes),
        bytes_added=sum(int(add.get("size", 0)) for add in adds),
        positions={txn["appId"]: int(txn["version"]) for txn in _of(actions, "txn")},
    )


def _of(actions: Sequence[Mapping[str, Any]], kind: str) -> Iterator[Mapping[str, Any]]:
    return (action[kind] for action in actions if kind in action)


def _rows(add: Mapping[str, Any]) -> int:
    stats = json.loads(add["stats"]) if add.get("stats") else {}
    return int(stats.get("numRecords", 0))
