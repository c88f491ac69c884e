"""Our own JPEG to pixels. Nothing else is ever decoded here."""

import io
from typing import Final

from PIL import Image

MAX_SIDE: Final = 1024
"""Longest side of a rendition in pixels; whatever is larger did not come from the ingester."""


class BrokenRendition(Exception):
    """The bytes are not a rendition as the ingester writes them."""


def decode(data: bytes) -> Image.Image:
    """The rendition as an RGB picture.

    Raises:
        BrokenRendition: it is no JPEG, damaged, or larger than any rendition.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            if max(image.size) > MAX_SIDE:
                raise BrokenRendition(f"{image.width} x {image.height} pixels")
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise BrokenRendition(str(error)) from error
