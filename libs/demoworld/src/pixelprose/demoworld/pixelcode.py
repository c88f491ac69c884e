"""A code of black and white cells in the bottom-right corner that says which picture this is."""

import zlib
from typing import Final

import numpy as np
from PIL import Image

from pixelprose.demoworld.scene import SEED_BITS

COLUMNS: Final = 16
ROWS: Final = 3
WIDTH: Final = 0.5
HEIGHT: Final = 0.09375
"""Width and height of the code as shares of the picture's side: cells of 3 pixels at 96."""

_CHECK_BITS: Final = COLUMNS * ROWS - SEED_BITS
_MID_GREY: Final = 127
_MARGIN: Final = 0.3  # share of a cell's side left out when it is read: resizing bleeds there


def write_code(image: Image.Image, seed: int) -> None:
    """Draw the seed and its checksum onto the picture, in place."""
    width, height = image.size
    bits = seed << _CHECK_BITS | _check(seed)
    cells = np.array(
        [bits >> shift & 1 for shift in reversed(range(COLUMNS * ROWS))], dtype=np.uint8
    )
    tile = Image.fromarray(cells.reshape(ROWS, COLUMNS) * 255)
    left, top = round(width * (1 - WIDTH)), round(height * (1 - HEIGHT))
    image.paste(tile.resize((width - left, height - top), Image.Resampling.NEAREST), (left, top))


def read_code(image: Image.Image) -> int | None:
    """The seed in the picture's corner, or None where no valid code is.

    Survives JPEG, and a proportional resize to 96 pixels or more a side (below that, nearly
    always). A picture without a code passes for one with a chance of 2**-14.
    """
    grey = np.asarray(image.convert("L"), dtype=np.float32)
    height, width = grey.shape
    left, top = round(width * (1 - WIDTH)), round(height * (1 - HEIGHT))
    corner = grey[top:, left:]
    bits = 0
    for row in range(ROWS):
        for column in range(COLUMNS):
            bits = bits << 1 | int(_cell(corner, row=row, column=column) > _MID_GREY)
    seed, check = bits >> _CHECK_BITS, bits & (1 << _CHECK_BITS) - 1
    return seed if check == _check(seed) else None


def _cell(
    corner: np.ndarray[tuple[int, int], np.dtype[np.float32]], row: int, column: int
) -> float:
    high, wide = corner.shape[0] / ROWS, corner.shape[1] / COLUMNS
    ys = slice(round((row + _MARGIN) * high), max(round((row + 1 - _MARGIN) * high), 1))
    xs = slice(round((column + _MARGIN) * wide), max(round((column + 1 - _MARGIN) * wide), 1))
    part = corner[ys, xs]
    middle = corner[int((row + 0.5) * high), int((column + 0.5) * wide)]
    return float(part.mean()) if part.size else float(middle)


def _check(seed: int) -> int:
    # All-black and all-white corners must not be codes, so the checksum is never that of zeros.
    return zlib.crc32(b"pixelprose" + seed.to_bytes(5, "big")) & (1 << _CHECK_BITS) - 1
