"""What a maintainer writes into `schemas/`: ids for changed schemas, and the snapshot of a tag."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pixelprose.records.files import SchemaFolder
from pixelprose.records.ids import SchemaId, kept_name, released_ids, schema_ids
from pixelprose.records.schemas import fingerprint

_HEADER: Final = (
    "# Ids of the embedded registry, in the order they were given. Append only from the first tag\n"
    "# on: bytes on disk carry them. Written by `python -m pixelprose.records schemas assign`.\n"
)


def assign(root: Path) -> list[SchemaId]:
    """Give every changed schema an id, and return what was written.

    An id that no tag has released is given again; a released one is never touched.
    """
    folder = SchemaFolder(root)
    listed, fixed = list(schema_ids(folder)), len(released_ids(folder))
    written: list[SchemaId] = []
    for record in folder.records:
        mark = fingerprint(folder.complete(record))
        last = max((e for e in listed if e.record == record), key=lambda e: e.id, default=None)
        if last and last.fingerprint == mark:
            continue
        entry = SchemaId(last.id if last and last.id > fixed else len(listed) + 1, record, mark)
        listed[entry.id - 1 : entry.id] = [entry]
        written.append(entry)
    if written:
        (root / "ids.yaml").write_text(_HEADER + _lines(listed), encoding="utf-8")
    return written


def release(root: Path) -> list[str]:
    """Keep every schema and the list of ids as they are at a tag; return the files written.

    From now on they hold: `schemas check` refuses what breaks with them.
    """
    folder = SchemaFolder(root)
    written: list[str] = []
    for entry in schema_ids(folder)[len(released_ids(folder)) :]:
        kept = root / "released" / kept_name(entry)
        kept.write_text(json.dumps(folder.complete(entry.record), indent=2) + "\n", "utf-8")
        written.append(kept.name)
    if written:
        shutil.copyfile(root / "ids.yaml", root / "released" / "ids.yaml")
    return written


def _lines(entries: Sequence[SchemaId]) -> str:
    return "".join(
        f"- {{id: {entry.id}, record: {entry.record}, fingerprint: {entry.fingerprint}}}\n"
        for entry in entries
    )
