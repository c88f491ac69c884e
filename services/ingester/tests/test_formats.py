import io

import pytest
from PIL import Image

from pixelprose.ingester.formats import (
    Format,
    gif_frames,
    is_cut,
    is_other_image,
    is_whole,
    sniff,
    webp_size,
)

FORMATS: tuple[Format, ...] = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")


def picture(kind: str, *, size: tuple[int, int] = (70, 90), **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
def test_formats_are_known_by_their_first_bytes(kind: Format) -> None:
    assert sniff(picture(kind)) == kind


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "JPEG2000"])
def test_other_formats_are_known_too(kind: str) -> None:
    assert sniff(picture(kind)) is None
    assert is_other_image(picture(kind))


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'\n<?xml version="1.0"?><svg/>',
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    ],
)
def test_svg_and_heic_are_images_that_we_do_not_read(data: bytes) -> None:
    assert sniff(data) is None
    assert is_other_image(data)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"<!doctype html><svg>", b"GIF90a", b"%PDF-1.7"]
)
def test_what_is_no_image_is_none(data: bytes) -> None:
    assert sniff(data) is None
    assert not is_other_image(data)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_without_its_end_is_not_whole(kind: Format) -> None:
    data = picture(kind)
    assert is_whole(data, kind)
    assert not is_whole(data[:-20], kind)


@pytest.mark.parametrize(
    "options", [{"lossless": True}, {"quality": 50}, {"exif": b"Exif\0\0", "quality": 50}]
)
def test_the_size_of_a_webp_is_read_from_its_head(options: dict[str, object]) -> None:
    assert webp_size(picture("WEBP", size=(300, 7), **options)) == (300, 7)


@pytest.mark.parametrize(
    "data", [b"", b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0"]
)
def test_a_webp_with_a_broken_head_has_no_size(data: bytes) -> None:
    assert webp_size(data) is None


@pytest.mark.parametrize("kind", FORMATS)
def test_no_whole_file_counts_as_cut(kind: Format) -> None:
    assert not is_cut(picture(kind), kind)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_a_file_that_tells_its_length_is_known_to_be_cut(kind: Format) -> None:
    assert is_cut(picture(kind)[:-20], kind)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_the_frames_of_a_gif_are_counted_without_unpacking_them(count: int) -> None:
    frames = [Image.linear_gradient("L").resize((9, 9)).rotate(10 * n) for n in range(count)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert gif_frames(buffer.getvalue(), at_most=100) == count
    assert gif_frames(buffer.getvalue(), at_most=1) == min(count, 2)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"GIF89a" + bytes(7), b"GIF89a" + b"\xff" * 99])
def test_what_is_no_gif_has_no_frames(data: bytes) -> None:
    assert gif_frames(data, at_most=9) == 0
