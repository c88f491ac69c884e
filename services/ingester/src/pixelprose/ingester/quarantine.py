"""The store as the ingester uses it: images, receipts and claims, each written once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeVar

from pixelprose.ingester import receipt as receipts
from pixelprose.ingester.meters import Trip
from pixelprose.ingester.receipt import Receipt
from pixelprose.objectstore import (
    ObjectKey,
    ObjectMissing,
    ObjectStore,
    StoreRefused,
    StoreUnavailable,
    quarantine_original,
    quarantine_rendition,
    receipt,
    seen,
)
from pixelprose.records import Sha256, SubmissionId
from pixelprose.streamkit import ExitCode, Stop, Unavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """Where an image lies."""

    original: ObjectKey | None
    rendition: ObjectKey


Originals = Literal["none", "kept"]
"""Whether the bytes as fetched lie beside the rendition."""


class Quarantine:
    """Effects that may be repeated; `threads` carry the store's blocking calls.

    Calls of different images overlap, as many as there are threads, and so do the two puts of one
    image; receipt and claim come one after the other, for that order is what makes them safe.

    Every method raises `Unavailable("store")` when the store does not answer, and `Stop` when it
    refuses us.
    """

    def __init__(
        self,
        store: ObjectStore,
        threads: ThreadPoolExecutor,
        *,
        originals: Originals = "kept",
        count: Callable[[Trip], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._threads = threads
        self._originals = originals
        self._count = count

    async def receipt(self, submission: SubmissionId, *, attempt: int) -> Receipt | None:
        """Return what was decided about this attempt, if anything was."""
        try:
            data = await self._call(
                "get_receipt", lambda: self._store.get(_receipt_key(submission, attempt))
            )
        except ObjectMissing:
            return None
        return receipts.decoded(data)

    async def keep(self, sha256: Sha256, *, original: bytes, rendition: bytes) -> Kept:
        """Put the image where only the safety-filter reads."""
        key = quarantine_original(sha256) if self._originals == "kept" else None
        kept = Kept(key, quarantine_rendition(sha256))
        put = self._store.put
        puts = [
            self._call(
                "put_rendition", lambda: put(kept.rendition, rendition, content_type="image/jpeg")
            )
        ]
        if key is not None:
            puts.append(
                self._call("put_original", lambda: put(key, original, content_type=_OPAQUE))
            )
        await asyncio.gather(*puts)
        return kept

    async def settle(self, decided: Receipt) -> Receipt:
        """Put the receipt, and return the one that stands: this one, or who was first."""
        key = _receipt_key(decided.submission_id, decided.attempt)
        data = receipts.encoded(decided)
        trips: tuple[Trip, Trip] = ("put_receipt", "get_standing_receipt")
        standing = await self._put_or_get(key, data, trips=trips, content_type="application/json")
        return decided if standing is data else receipts.decoded(standing)

    async def claim(self, sha256: Sha256, *, claimant: SubmissionId) -> SubmissionId:
        """Claim these bytes, and return their owner: the first that ever claimed them."""
        trips: tuple[Trip, Trip] = ("put_claim", "get_owner")
        owner = await self._put_or_get(
            seen(sha256), claimant.encode(), trips=trips, content_type="text/plain"
        )
        return SubmissionId(owner.decode("ascii"))

    async def _put_or_get(
        self, key: ObjectKey, data: bytes, *, trips: tuple[Trip, Trip], content_type: str
    ) -> bytes:
        put, get = trips
        if await self._call(
            put, lambda: self._store.put_if_absent(key, data, content_type=content_type)
        ):
            return data
        try:
            return await self._call(get, lambda: self._store.get(key))
        except ObjectMissing as error:  # it expired between the two
            raise Unavailable("store", str(error)) from error

    async def _call(self, trip: Trip, effect: Callable[[], T]) -> T:
        self._count(trip)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, effect)
        except StoreUnavailable as error:
            raise Unavailable("store", str(error)) from error
        except StoreRefused as error:
            raise Stop(ExitCode.BAD_CONFIGURATION, f"the store refuses us: {error}") from error


_OPAQUE = "application/octet-stream"
"""Of originals: nobody but a decoder should take a guess at them."""


def _receipt_key(submission: SubmissionId, attempt: int) -> ObjectKey:
    # A redrive is decided anew, so each attempt has a receipt of its own.
    key = receipt(submission)
    return key if attempt == 0 else ObjectKey(f"{key}.{attempt}")
