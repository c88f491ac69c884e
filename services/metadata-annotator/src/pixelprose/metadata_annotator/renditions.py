"""The port to the images' renditions, and its adapter on the object store."""

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

from PIL import Image

from pixelprose.objectstore import (
    ObjectMissing,
    ObjectStore,
    StoreRefused,
    StoreUnavailable,
    keys,
)
from pixelprose.records import Sha256
from pixelprose.streamkit import ExitCode, Stop, Unavailable

MAX_SIDE: Final = 4096
"""Pixels; whatever is larger is no rendition of the ingester."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no such object any more."""

    key: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The bytes are not a rendition as the ingester writes them."""

    detail: str


Rendition = Image.Image | Missing | Broken


class Renditions(Protocol):
    """Where released images lie."""

    def load(self, images: Sequence[Sha256]) -> Sequence[Rendition]:
        """Each image as an RGB picture, or why there is none.

        Raises:
            Unavailable: the store does not answer.
            Stop: the store refuses us.
        """


class StoreRenditions(Renditions):
    """Reads `images/` only. Keys are built from hashes, so no record can point elsewhere."""

    def __init__(self, store: ObjectStore, *, threads: int) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="renditions")

    def load(self, images: Sequence[Sha256]) -> Sequence[Rendition]:
        """Each image, fetched and decoded by several threads."""
        return list(self._threads.map(self._load, images))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _load(self, sha256: Sha256) -> Rendition:
        try:
            data = self._store.get(keys.image_rendition(sha256))
        except ObjectMissing as error:
            return Missing(error.key)
        except StoreUnavailable as error:
            raise Unavailable("store", str(error)) from error
        except StoreRefused as error:
            detail = f"the store refuses us: {error}; check the settings of `store`"
            raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
        return decode(data)


def decode(data: bytes) -> Image.Image | Broken:
    """Our own JPEG as an RGB picture; nothing else is ever decoded here."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            if max(image.size) > MAX_SIDE:
                return Broken(f"{image.width} x {image.height} pixels")
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        return Broken(str(error))
