import io

import PIL.Image
import pytest

from pixelprose.safety_filter.rendition import MAX_SIDE, BrokenRendition, decode


def encoded(fmt: str, size: tuple[int, int] = (8, 8), mode: str = "RGB") -> bytes:
    data = io.BytesIO()
    PIL.Image.new(mode, size).save(data, fmt)
    return data.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_rendition_is_rgb_whatever_its_jpeg_is(mode: str) -> None:
    assert decode(encoded("JPEG", (MAX_SIDE, 8), mode)).mode == "RGB"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an image",
        encoded("PNG"),
        encoded("GIF"),
        encoded("JPEG", (MAX_SIDE + 1, 8)),
        encoded("JPEG", (256, 256))[:400],
    ],
    ids=["empty", "text", "png", "gif", "too-large", "cut-off"],
)
def test_anything_but_our_own_rendition_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenRendition):
        decode(data)
