"""What the tables say of an image: by filters on their digests, not by reading them whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from pixelprose.cli.trace.clue import Known
from pixelprose.cli.trace.event import Event, of_hop
from pixelprose.curator import Lake, LakeTable
from pixelprose.curator.errors import LakeError
from pixelprose.records import Hop

_MOST: Final = 1_000
"""Rows of one image that are looked at; nobody reads more."""


@dataclass(slots=True)
class Rows:
    """Events of rows, and which tables were looked at."""

    events: list[Event] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)


def look(lake: Lake, known: Known) -> Rows:
    """Return what the tables hold, and learn the ids in it.

    Raises:
        LakeError: a table can't be read.
    """
    found = Rows()
    try:
        tables = lake.tables()
    except LakeError as error:
        found.looked.append(str(error))
        return found
    for table in tables:
        for row in table.records(_sql(_condition(table, known))):
            _learn(row, known)
    for table in tables:
        found.looked.append(f"table {table.name}, version {table.version:,}")
        if known.submissions:
            condition = f"submission_id in ({_listed(known.submissions)})"
            for row in table.records(_sql(condition)):
                _learn(row, known)
                found.events += _events(table.name, row)
    return found


def _sql(condition: str) -> str:
    return f"select * from t where {condition} order by ingested_at limit {_MOST}"  # noqa: S608 - digests and our own columns


def _condition(table: LakeTable, known: Known) -> str:
    clue = known.clue
    if clue.url is not None:
        return f"image_id = '{clue.image}'"
    if clue.beginning is not None:
        return f"submission_id like '{clue.beginning}%'"
    columns = {"submission_id", "image_id", "sha256", "row_id"} & set(table.spec.schema.names)
    return " or ".join(f"{column} = '{clue.digest}'" for column in sorted(columns))


def _listed(digests: set[str]) -> str:
    return ", ".join(f"'{one}'" for one in sorted(digests))


def _learn(row: Mapping[str, Any], known: Known) -> None:
    known.submissions |= {one for one in (row["submission_id"],) if one}
    known.images |= {one for one in (row["image_id"],) if one}
    known.hashes |= {one for one in (row.get("sha256"),) if one}
    source = row.get("source")
    if source:
        known.urls.add(source["canonical_url"])


def _events(table: str, row: Mapping[str, Any]) -> Iterator[Event]:
    submission, attempt = str(row["submission_id"]), int(row["attempt"])
    at = row["lineage"]
    facts = {
        "row_id": row["row_id"],
        "stage": row.get("stage"),
        "owner": row.get("duplicate_of"),
        "record": f"{at['topic']}:{at['partition']}:{at['offset']}",
    }
    yield Event(
        at=row["ingested_at"],
        kind="row",
        submission_id=submission,
        attempt=attempt,
        place=f"table {table}",
        by="sink",
        why=row.get("reason") or "",
        facts={name: value for name, value in facts.items() if value},
    )
    for hop in at.get("hops") or ():
        yield of_hop(msgspec.convert(hop, Hop), submission_id=submission, attempt=attempt)
