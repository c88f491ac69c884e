"""The store as the ingester uses it: images, receipts and claims, each written once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from pixelprose.ingester import receipt as receipts
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

    original: ObjectKey
    rendition: ObjectKey


class Quarantine:
    """Effects that may be repeated; `threads` carry the store's blocking calls.

    Every method raises `Unavailable("store")` when the store does not answer, and `Stop` when it
    refuses us.
    """

    def __init__(self, store: ObjectStore, threads: ThreadPoolExecutor) -> None:
        self._store = store
        self._threads = threads

    async def receipt(self, submission: SubmissionId, *, attempt: int) -> Receipt | None:
        """Return what was decided about this attempt, if anything was."""
        try:
            data = await self._call(lambda: self._store.get(_receipt_key(submission, attempt)))
        except ObjectMissing:
            return None
        return receipts.decoded(data)

    async def keep(self, sha256: Sha256, *, original: bytes, rendition: bytes) -> Kept:
        """Put the image where only the safety-filter reads."""
        kept = Kept(quarantine_original(sha256), quarantine_rendition(sha256))
        put = self._store.put
        await asyncio.gather(
            self._call(lambda: put(kept.original, original, content_type=_OPAQUE)),
            self._call(lambda: put(kept.rendition, rendition, content_type="image/jpeg")),
        )
        return kept

    async def settle(self, decided: Receipt) -> Receipt:
        """Put the receipt, and return the one that stands: this one, or who was first."""
        key = _receipt_key(decided.submission_id, decided.attempt)
        data = receipts.encoded(decided)
        standing = await self._put_or_get(key, data, content_type="application/json")
        return receipts.decoded(standing)

    async def claim(self, sha256: Sha256, *, claimant: SubmissionId) -> SubmissionId:
        """Claim these bytes, and return their owner: the first that ever claimed them."""
        owner = await self._put_or_get(seen(sha256), claimant.encode(), content_type="text/plain")
        return SubmissionId(owner.decode("ascii"))

    async def _put_or_get(self, key: ObjectKey, data: bytes, *, content_type: str) -> bytes:
        def put_or_get() -> bytes:
            if self._store.put_if_absent(key, data, content_type=content_type):
                return data
            return self._store.get(key)

        try:
            return await self._call(put_or_get)
        except ObjectMissing as error:  # it expired between the two
            raise Unavailable("store", str(error)) from error

    async def _call(self, effect: Callable[[], T]) -> T:
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
