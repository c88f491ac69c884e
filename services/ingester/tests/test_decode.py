import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, GifImagePlugin, Image, ImageCms, ImageFile, PngImagePlugin

from pixelprose.ingester.decode import Decoded, decode
from pixelprose.ingester.jpeg_scans import jpeg_scans
from pixelprose.ingester.limits import DecodeLimits
from pixelprose.ingester.refusal import Refusal

LIMITS = DecodeLimits()
SIZE = (96, 64)


def scene(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    """Red above blue: enough to tell colours and turns."""
    image = Image.new("RGB", size, (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, size[0], size[1] // 2))
    return image.convert(mode)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def good(data: bytes, limits: DecodeLimits = LIMITS) -> Decoded:
    decoded = decode(data, limits)
    assert isinstance(decoded, Decoded), decoded
    return decoded


def reason(data: bytes, limits: DecodeLimits = LIMITS) -> str:
    refusal = decode(data, limits)
    assert isinstance(refusal, Refusal)
    return refusal.reason


def rendition(decoded: Decoded) -> Image.Image:
    return Image.open(io.BytesIO(decoded.rendition), formats=["JPEG"])


def colour(decoded: Decoded, where: tuple[float, float]) -> tuple[int, ...]:
    image = rendition(decoded)
    pixel = image.getpixel((int(where[0] * image.width), int(where[1] * image.height)))
    assert isinstance(pixel, tuple)
    return pixel


def near(pixel: tuple[int, ...], expected: tuple[int, int, int], *, by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(pixel, expected, strict=True))


TOP, BOTTOM = (0.5, 0.2), (0.5, 0.8)
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_each_format_becomes_a_clean_jpeg(kind: str) -> None:
    decoded = good(saved(scene(), kind))
    assert (decoded.format, decoded.width, decoded.height, decoded.frames) == (kind, *SIZE, 1)
    assert (decoded.rendition_width, decoded.rendition_height) == SIZE
    assert near(colour(decoded, TOP), RED)
    assert near(colour(decoded, BOTTOM), BLUE)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_each_pixel_mode_of_png_becomes_rgb(mode: str) -> None:
    source = scene("L").convert("I;16") if mode == "I;16" else scene(mode)
    decoded = good(saved(source))
    assert decoded.mode == mode
    assert rendition(decoded).mode == "RGB"


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_each_pixel_mode_of_jpeg_becomes_rgb(mode: str) -> None:
    decoded = good(saved(scene(mode), "JPEG"))
    assert (decoded.mode, rendition(decoded).mode) == (mode, "RGB")


def test_cmyk_keeps_its_colours() -> None:
    decoded = good(saved(scene("CMYK"), "JPEG", quality=95))
    assert near(colour(decoded, TOP), RED, by=25)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    grey = np.full((64, 96), 0x8000, dtype=np.uint16)
    assert near(colour(good(saved(Image.fromarray(grey))), TOP), (128, 128, 128), by=3)


def png16(colour_type: int, *samples: int) -> bytes:
    """A PNG of one colour with 16 bits a sample."""
    row = b"\0" + struct.pack(f">{len(samples)}H", *samples) * SIZE[0]
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", *SIZE, 16, colour_type, 0, 0, 0),
        b"IDAT": zlib.compress(row * SIZE[1]),
        b"IEND": b"",
    }
    chunks = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png16(2, 0x8000, 0xFFFF, 0), (128, 255, 0)),
        (png16(4, 0x8000, 0xFFFF), (128, 128, 128)),
        (png16(6, 0x8000, 0xFFFF, 0, 0xFFFF), (128, 255, 0)),
        (png16(6, 0x8000, 0xFFFF, 0, 0), WHITE),
    ],
)
def test_sixteen_bits_of_colour_and_alpha_are_scaled(
    data: bytes, expected: tuple[int, int, int]
) -> None:
    assert near(colour(good(data), TOP), expected, by=3)


def test_what_is_transparent_becomes_white() -> None:
    glass = Image.new("RGBA", SIZE, (255, 0, 0, 0))
    assert near(colour(good(saved(glass)), TOP), WHITE)


def test_a_transparent_palette_colour_becomes_white() -> None:
    palette = scene("P")
    red = palette.getpixel((0, 0))
    decoded = good(saved(palette, "GIF", transparency=red, optimize=False))
    assert near(colour(decoded, TOP), WHITE)
    assert near(colour(decoded, BOTTOM), BLUE)


def test_the_first_frame_of_an_animation_is_used() -> None:
    second = Image.new("RGB", SIZE, "green")
    for kind in ("GIF", "WEBP", "PNG", "AVIF"):
        data = saved(scene(), kind, save_all=True, append_images=[second])
        decoded = good(data)
        assert decoded.frames == 2
        assert near(colour(decoded, TOP), RED)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_rendition_stands_upright(orientation: int) -> None:
    held = {
        1: lambda image: image,
        2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
        4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
        6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
        7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
        8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
    }
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    decoded = good(saved(held[orientation](scene()), "JPEG", exif=exif))
    assert (decoded.width, decoded.height) == SIZE
    assert rendition(decoded).size == SIZE
    assert near(colour(decoded, TOP), RED)


def camera() -> Image.Exif:
    """What a camera writes, and more than it should say."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Aperture Works"
    exif[ExifTags.Base.Model] = "One\0"
    exif[ExifTags.Base.Artist] = "Ada Moss"
    exif[ExifTags.Base.Copyright] = "Ada Moss"
    exif[ExifTags.Base.ImageDescription] = "at home"
    exif[ExifTags.Base.HostComputer] = "Ada's laptop"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.FNumber] = 2.8
    details[ExifTags.Base.ISOSpeedRatings] = 400
    details[ExifTags.Base.DateTimeOriginal] = "2026:11:01 10:00:00"
    details[ExifTags.Base.BodySerialNumber] = "123456"
    details[ExifTags.Base.LensSerialNumber] = "654321"
    details[ExifTags.Base.CameraOwnerName] = "Ada Moss"
    details[ExifTags.Base.UserComment] = b"secret"
    details[ExifTags.Base.LensModel] = "L" * 1000
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_is_kept_by_an_allow_list(kind: str) -> None:
    assert good(saved(scene(), kind, exif=camera())).exif == {
        "Make": "Aperture Works",
        "Model": "One",
        "FNumber": "2.8",
        "ISOSpeedRatings": "400",
        "DateTimeOriginal": "2026:11:01 10:00:00",
    }


def test_broken_exif_does_not_cost_the_image() -> None:
    assert good(saved(scene(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")).exif == {}


def profile(curve: Callable[[bytes], bytes] = bytes) -> bytes:
    return curve(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


def swapped(srgb: bytes) -> bytes:
    """A profile whose red is blue: shows whether anybody looks at it."""
    return srgb.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")


def test_colours_are_brought_to_srgb() -> None:
    decoded = good(saved(scene(), icc_profile=profile(swapped)))
    assert near(colour(decoded, TOP), BLUE, by=40)


@pytest.mark.parametrize("data", [b"no profile", profile()[:200]])
def test_a_broken_profile_counts_as_none(data: bytes) -> None:
    assert near(colour(good(saved(scene(), icc_profile=data)), TOP), RED)


def test_a_profile_for_other_pixels_counts_as_none() -> None:
    assert near(
        colour(good(saved(scene("L"), "JPEG", icc_profile=profile())), BOTTOM), (29, 29, 29)
    )


def test_the_rendition_holds_no_metadata() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "Ada Moss")
    sources = [
        saved(scene(), "JPEG", exif=camera(), icc_profile=profile(), comment=b"Ada", dpi=(72, 72)),
        saved(scene(), exif=camera(), icc_profile=profile(), pnginfo=text, dpi=(72, 72)),
    ]
    for source in sources:
        image = rendition(good(source))
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not image.getexif()


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1024, 700), (1024, 700)), ((2048, 1000), (1024, 500)), ((900, 3000), (307, 1024))],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_rendition_fits_and_is_never_enlarged(
    size: tuple[int, int], expected: tuple[int, int], kind: str
) -> None:
    decoded = good(saved(scene(size=size), kind))
    assert (decoded.width, decoded.height) == size
    assert (
        (decoded.rendition_width, decoded.rendition_height) == expected == rendition(decoded).size
    )


def test_the_hash_is_pdq_in_hex_with_its_library() -> None:
    decoded = good(saved(Image.effect_noise((128, 128), 80).convert("RGB")))
    assert len(bytes.fromhex(decoded.pdq)) == 32
    assert 0 <= decoded.pdq_quality <= 100
    assert decoded.pdq_version.startswith("pdqhash ")


def test_the_hash_survives_another_format_and_size() -> None:
    picture = Image.radial_gradient("L").convert("RGB")
    picture.paste("red", (20, 30, 90, 200))
    hashes = [
        int(good(data).pdq, 16)
        for data in (saved(picture), saved(picture.resize((700, 700)), "JPEG", quality=60))
    ]
    assert (hashes[0] ^ hashes[1]).bit_count() <= 31  # PDQ's usual threshold


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((63, 64), "too_small"),
        ((1, 1), "too_small"),
        ((40_000, 1), "too_small"),
        ((640, 79), "bad_aspect"),
        ((64, 64), None),
        ((640, 80), None),
    ],
)
def test_sizes_out_of_bounds_are_refused(size: tuple[int, int], expected: str | None) -> None:
    data = saved(Image.new("1", size))
    if expected is None:
        good(data)
    else:
        assert reason(data) == expected


def png_head(width: int, height: int) -> bytes:
    """A PNG that says it is large, and holds nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def test_a_pixel_bomb_is_refused_by_its_head() -> None:
    assert reason(png_head(20_000, 20_000) + b"\0\0\0\0IDAT") == "too_many_pixels"
    assert reason(png_head(2**31 - 1, 2**31 - 1) + b"\0\0\0\0IDAT") == "too_many_pixels"


def test_a_webp_bomb_is_refused_before_its_canvas_is_allotted() -> None:
    canvas = (16_383).to_bytes(3, "little")
    chunk = b"VP8X\x0a\0\0\0" + bytes(4) + canvas + canvas
    data = b"RIFF" + (4 + len(chunk)).to_bytes(4, "little") + b"WEBP" + chunk
    assert reason(data) == "too_many_pixels"


def test_the_frames_of_a_gif_are_counted_before_pillow_counts_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(GifImagePlugin.GifImageFile, "n_frames", property(asked.append))
    data = saved(scene(), "GIF", save_all=True, append_images=[Image.new("RGB", SIZE, "green")])
    assert reason(data, DecodeLimits(max_frames=1)) == "too_many_frames"
    assert asked == []


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_of_too_many_frames_is_refused(kind: str) -> None:
    more = [Image.new("RGB", SIZE, colour) for colour in ("green", "yellow")]
    data = saved(scene(), kind, save_all=True, append_images=more)
    assert good(data, DecodeLimits(max_frames=3)).frames == 3
    assert reason(data, DecodeLimits(max_frames=2)) == "too_many_frames"


def scans_again(data: bytes, times: int) -> bytes:
    """The last scan of a progressive JPEG that many times more: each costs a pass, and no byte."""
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * times + data[-2:]


def test_a_jpeg_of_too_many_scans_is_refused() -> None:
    bomb = scans_again(saved(scene(), "JPEG", progressive=True), 300)
    assert reason(bomb) == "too_many_scans"
    patient = DecodeLimits(max_scans=400)
    assert near(colour(good(bomb, patient), TOP), RED)  # nothing else is wrong with it


def test_no_more_scans_are_counted_than_a_decoder_makes() -> None:
    data = saved(scene(), "JPEG", progressive=True)
    scans = jpeg_scans(data, at_most=50)
    assert scans == data.count(b"\xff\xda") > 4
    comment = b"\xff\xfe" + (602).to_bytes(2, "big") + b"\xff\xda" * 300
    film = b"\xff\xda" * 1_000
    decoy = data[:2] + comment + data[2:] + film
    assert jpeg_scans(decoy, at_most=scans) == scans
    good(decoy)


@given(st.binary(max_size=200), st.integers(0, 5))
def test_scans_are_counted_in_any_bytes_up_to_one_too_many(rest: bytes, most: int) -> None:
    data = b"\xff\xd8" + rest.replace(b"\x00", b"\xff\xda")
    assert 0 <= jpeg_scans(data, at_most=most) <= most + 1


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Sizes at which pixels were decoded."""
    sizes: list[tuple[int, int]] = []
    load = ImageFile.ImageFile.load

    def spy(self: ImageFile.ImageFile) -> object:
        sizes.append(self.size)
        return load(self)

    monkeypatch.setattr(ImageFile.ImageFile, "load", spy)
    return sizes


def test_a_jpeg_is_decoded_at_a_fraction_of_its_size(loaded: list[tuple[int, int]]) -> None:
    good(saved(scene(size=(4096, 2048)), "JPEG"))
    assert set(loaded) == {(1024, 512)}


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_of_a_file_that_ends_too_early_no_pixel_is_decoded(
    kind: str, loaded: list[tuple[int, int]]
) -> None:
    data = saved(Image.effect_noise((200, 200), 50).convert("RGB"), kind)
    assert reason(data[: len(data) * 2 // 3]) == "truncated"
    assert loaded == []


@pytest.mark.parametrize(
    ("size", "limits", "expected"),
    [
        ((60, 60), {"least_side": 60}, None),
        ((100, 100), {"least_side": 101}, "too_small"),
        ((900, 100), {"max_aspect": 9.0}, None),
        ((300, 100), {"max_aspect": 2.9}, "bad_aspect"),
    ],
)
def test_bounds_of_size_are_settings(
    size: tuple[int, int], limits: dict[str, float], expected: str | None
) -> None:
    data, changed = saved(scene(size=size)), DecodeLimits.model_validate(limits)
    if expected is None:
        good(data, changed)
    else:
        assert reason(data, changed) == expected


def test_size_and_quality_of_the_rendition_are_settings() -> None:
    data = saved(Image.effect_noise((500, 400), 50).convert("RGB"))
    small = good(data, DecodeLimits(rendition_side=250))
    assert (small.rendition_width, small.rendition_height) == (250, 200)
    coarse = good(data, DecodeLimits(rendition_quality=10))
    assert len(coarse.rendition) < len(good(data).rendition) / 2


def test_the_pixel_limit_is_a_setting() -> None:
    limits = DecodeLimits(max_pixels=SIZE[0] * SIZE[1])
    good(saved(scene()), limits)
    assert reason(saved(scene(size=(96, 65))), limits) == "too_many_pixels"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_a_file_that_ends_too_early_is_truncated(kind: str) -> None:
    data = saved(Image.effect_noise((200, 200), 50).convert("RGB"), kind)
    assert reason(data[: len(data) * 2 // 3]) == "truncated"


def test_a_file_that_is_whole_but_broken_is_not_called_truncated() -> None:
    data = bytearray(saved(Image.effect_noise((200, 200), 50)))
    data[60:400] = bytes(340)
    assert reason(bytes(data)) == "decode_failed"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "not_an_image"),
        (b"<!doctype html><title>picture.jpg</title>", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format"),
        (saved(scene(), "BMP"), "unsupported_format"),
        (saved(scene(), "TIFF"), "unsupported_format"),
    ],
)
def test_what_is_not_on_the_list_is_refused(data: bytes, expected: str) -> None:
    assert reason(data) == expected


HEADS = [saved(scene(), kind)[:40] for kind in ("JPEG", "PNG", "WEBP", "GIF", "AVIF")]


@given(st.sampled_from([b"", *HEADS]), st.binary(max_size=300))
def test_any_bytes_come_to_one_of_two_ends(head: bytes, rest: bytes) -> None:
    assert isinstance(decode(head + rest, LIMITS), Decoded | Refusal)


WHOLE = [saved(scene(), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "AVIF")]


@given(st.sampled_from(WHOLE), st.integers(0, 2000), st.integers(0, 255))
def test_a_flipped_byte_comes_to_one_of_two_ends(data: bytes, at: int, byte: int) -> None:
    at %= len(data)
    assert isinstance(decode(data[:at] + bytes([byte]) + data[at + 1 :], LIMITS), Decoded | Refusal)
