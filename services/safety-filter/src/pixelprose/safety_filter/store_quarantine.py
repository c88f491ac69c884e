"""Quarantine as prefixes of the object store; letting out is a copy inside the store."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import msgspec

from pixelprose.objectstore import ObjectMissing, ObjectStore, StoreError, keys
from pixelprose.records import Image
from pixelprose.safety_filter.quarantine import Quarantine
from pixelprose.streamkit import Unavailable

Originals = Literal["none", "original"]


class StoreQuarantine(Quarantine):
    """Reads `quarantine/`, copies to `images/`, deletes nothing: that is the sweeper's.

    Keys are built from the image's SHA-256, never taken from the record, so no record can point the
    filter at another object. The records of a batch are served by `threads` threads.
    """

    def __init__(self, store: ObjectStore, *, originals: Originals, threads: int) -> None:
        self._store = store
        self._originals = originals
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="quarantine")

    def renditions(self, images: Sequence[Image]) -> Sequence[bytes | None]:
        """The renditions, None where missing. Raises Unavailable."""
        return list(self._threads.map(self._rendition, images))

    def release(self, images: Sequence[Image]) -> Sequence[Image | None]:
        """The released images, None where missing. Raises Unavailable."""
        return list(self._threads.map(self._release, images))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _rendition(self, image: Image) -> bytes | None:
        try:
            return self._store.get(keys.quarantine_rendition(image.sha256))
        except ObjectMissing:
            return None
        except StoreError as error:
            raise Unavailable("store", str(error)) from error

    def _release(self, image: Image) -> Image | None:
        original = keys.image_original(image.sha256) if self._originals == "original" else None
        rendition = keys.image_rendition(image.sha256)
        try:
            # The original first: where it is missing, nothing has been let out.
            if original is not None:
                self._store.copy(keys.quarantine_original(image.sha256), original)
            self._store.copy(keys.quarantine_rendition(image.sha256), rendition)
        except ObjectMissing:
            return None
        except StoreError as error:
            raise Unavailable("store", str(error)) from error
        return msgspec.structs.replace(image, original_key=original, rendition_key=rendition)
