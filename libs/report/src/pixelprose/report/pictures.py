"""Pictures for the page: renditions from the store, made small, as data URIs."""

import base64
import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from pixelprose.objectstore import ObjectMissing, ObjectStore, image_rendition
from pixelprose.report.masking import Box

_LONGEST_SIDE: Final = 448
"""Pixels; sharp at 224 CSS pixels on a screen of double density. About 20 kB each."""

_QUALITY: Final = 80
_MAX_SIDE: Final = 4096
"""Pixels; whatever is larger is no rendition of the ingester."""

_THREADS: Final = 8
_COVER: Final = (64, 64, 64)
_MARGIN: Final = 0.01
"""Share of width and height that a cover goes beyond its box: OCR boxes are tight."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image (SHA-256), and the places in it that must not be seen."""

    sha256: str
    covered: Sequence[Box] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A small JPEG as a data URI."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class NoPicture:
    """Why there is none to be seen."""

    why: str


MISSING: Final = NoPicture("not in the store any more")


def pictures(
    store: ObjectStore, images: Sequence[Wanted], on_picture: Callable[[], None]
) -> Iterator[Picture | NoPicture]:
    """Yield the picture of each image, in order; an absent one is no error.

    Raises:
        StoreUnavailable, StoreRefused: the store does not answer, or refuses us.
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="pictures") as threads:
        for one in threads.map(lambda wanted: _picture(store, wanted), images):
            on_picture()
            yield one


def _picture(store: ObjectStore, wanted: Wanted) -> Picture | NoPicture:
    try:
        # Of `images/` alone, by hash: no row can point at what lies in quarantine.
        data = store.get(image_rendition(wanted.sha256))
    except ObjectMissing:
        return MISSING
    return small(data, wanted.covered)


def small(data: bytes, covered: Sequence[Box] = ()) -> Picture | NoPicture:
    """Return our own JPEG made small and covered; nothing else is ever decoded here."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            if max(image.size) > _MAX_SIDE:
                return NoPicture(f"no rendition: {image.width} x {image.height} pixels")
            image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
            made = image.convert("RGB")
    except (OSError, SyntaxError, ValueError):
        return NoPicture("broken in the store")
    made.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    _cover(made, covered)
    written = io.BytesIO()
    made.save(written, "JPEG", quality=_QUALITY, optimize=True)
    encoded = base64.b64encode(written.getvalue()).decode()
    return Picture(f"data:image/jpeg;base64,{encoded}", made.width, made.height)


def _cover(picture: Image.Image, boxes: Sequence[Box]) -> None:
    pen, (width, height) = ImageDraw.Draw(picture), picture.size
    for left, top, right, bottom in boxes:
        corners = (left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN)
        pen.rectangle(
            [corner * side for corner, side in zip(corners, (width, height) * 2, strict=True)],
            fill=_COVER,
        )
