"""Which objects of an image lie in the store, and what its receipts say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from pixelprose.cli.trace.clue import Known
from pixelprose.cli.trace.event import Event
from pixelprose.objectstore import (
    ObjectKey,
    ObjectMissing,
    ObjectStore,
    image_original,
    image_rendition,
    quarantine_original,
    quarantine_rendition,
    receipt,
    seen,
)


@dataclass(frozen=True, slots=True)
class Found:
    """An object that there may be; `size_bytes` and `since` are None where there is none."""

    key: str
    size_bytes: int | None = None
    since: datetime | None = None
    owner: str | None = None
    """Of a claim: the submission whose bytes these are."""


class _Place(msgspec.Struct, frozen=True):
    topic: str
    partition: int
    offset: int


class _Ids(msgspec.Struct, frozen=True):
    submission_id: str
    image_id: str
    canonical_url: str


class _Image(msgspec.Struct, frozen=True):
    sha256: str


class _Fetched(msgspec.Struct, frozen=True):
    submission: _Ids
    image: _Image


class _Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    record: _Fetched


class _Refused(msgspec.Struct, frozen=True, tag="refused"):
    reason: str
    detail: str


class _Receipt(msgspec.Struct, frozen=True):
    """The parts of the ingester's receipt that are needed here."""

    submission_id: str
    attempt: int
    place: _Place
    decision: _Accepted | _Refused
    decided_at: datetime


def look(store: ObjectStore, known: Known, *, attempts: int) -> tuple[list[Event], list[Found]]:
    """Return the receipts as events, and every object that there may be.

    Raises:
        StoreError: the store does not answer, or refuses us.
    """
    digest = known.clue.digest
    asked = set(known.submissions)
    if digest is not None and not asked:
        owner = _owner(store, seen(digest))
        known.hashes |= {digest} if owner else set()
        asked.add(owner or digest)
    events: list[Event] = []
    objects: list[Found] = []
    for submission in sorted(asked):
        for key in _receipts(submission, attempts):
            found = _stat(store, key)
            if found.size_bytes is not None:
                events += _receipt(store, key, known)
            if found.size_bytes is not None or key == receipt(submission):
                objects.append(found)
    for sha256 in sorted(known.hashes):
        objects += _of_bytes(store, sha256)
    return events, objects


def _receipts(submission: str, attempts: int) -> Iterator[ObjectKey]:
    first = receipt(submission)
    yield first
    for attempt in range(1, attempts):
        yield ObjectKey(f"{first}.{attempt}")


def _of_bytes(store: ObjectStore, sha256: str) -> Iterator[Found]:
    yield _stat(store, quarantine_original(sha256))
    yield _stat(store, quarantine_rendition(sha256))
    yield _stat(store, image_original(sha256))
    yield _stat(store, image_rendition(sha256))
    claim = _stat(store, seen(sha256))
    yield Found(claim.key, claim.size_bytes, claim.since, _owner(store, seen(sha256)))


def _stat(store: ObjectStore, key: ObjectKey) -> Found:
    facts = store.stat(key)
    return Found(key) if facts is None else Found(key, facts.size_bytes, facts.last_modified)


def _owner(store: ObjectStore, key: ObjectKey) -> str | None:
    try:
        return store.get(key).decode("ascii", "replace")
    except ObjectMissing:
        return None


def _receipt(store: ObjectStore, key: ObjectKey, known: Known) -> Iterator[Event]:
    try:
        found = msgspec.json.decode(store.get(key), type=_Receipt)
    except (ObjectMissing, msgspec.DecodeError):
        return
    match found.decision:
        case _Accepted(record):
            known.submissions.add(record.submission.submission_id)
            known.images.add(record.submission.image_id)
            known.urls.add(record.submission.canonical_url)
            known.hashes.add(record.image.sha256)
            decided, facts = "accepted", {"sha256": record.image.sha256}
        case _Refused(reason, detail):
            decided, facts = reason, {"detail": detail}
    place = found.place
    yield Event(
        at=found.decided_at,
        kind="receipt",
        submission_id=found.submission_id,
        attempt=found.attempt,
        place=key,
        by="ingester",
        why=decided,
        facts=facts | {"of": f"{place.topic}:{place.partition}:{place.offset}"},
    )
