import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from pixelprose.demoworld import (
    HELDOUT_FROM,
    Scene,
    camera,
    encode,
    read_code,
    render,
    scene,
    unsafe_scene,
    write_code,
)
from pixelprose.demoworld.encoding import Format

SEEDS = st.integers(0, 2 * HELDOUT_FROM - 1)


def located(*, with_gps: bool) -> Scene:
    for seed in range(200):
        shot = camera(scene(seed))
        if shot and (shot.gps is not None) is with_gps:
            return scene(seed)
    raise AssertionError("no such photo among the first 200 scenes")


@pytest.mark.parametrize("size", [64, 96, 200, 2048])
def test_a_picture_is_square_and_as_large_as_asked(size: int) -> None:
    assert render(scene(3), size=size).size == (size, size)


@pytest.mark.parametrize("size", [63, 2049])
def test_a_size_outside_of_the_range_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="64 to 2048"):
        render(scene(3), size=size)


def test_an_unsafe_picture_differs_only_by_its_frame() -> None:
    safe = np.asarray(render(scene(12), size=96)).astype(int)
    marked = np.asarray(render(unsafe_scene(12), size=96)).astype(int)
    changed = np.abs(safe - marked).max(axis=2) > 60
    assert changed[:6].mean() > 0.2
    assert not changed[24:70, 24:70].any()


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.sampled_from([64, 96, 130, 256]), st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]))
def test_the_code_says_the_seed_after_any_encoding(seed: int, size: int, fmt: Format) -> None:
    data = encode(render(scene(seed), size=size), fmt)
    assert read_code(Image.open(io.BytesIO(data))) == seed


@pytest.mark.parametrize("seed", [5, HELDOUT_FROM + 123_456_789])
def test_the_code_survives_a_low_quality_and_a_resize(seed: int) -> None:
    buffer = io.BytesIO()
    render(scene(seed), size=1500).resize((1024, 1024), Image.Resampling.LANCZOS).save(
        buffer, "JPEG", quality=60
    )
    assert read_code(Image.open(buffer)) == seed


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.integers(64, 800) | st.sampled_from([1025, 2048]), st.integers(96, 1024))
def test_the_code_survives_a_rendition_and_a_thumbnail_of_96_pixels_or_more(
    seed: int, size: int, thumbnail: int
) -> None:
    side = min(size, 1024)
    buffer = io.BytesIO()
    picture = render(scene(seed), size=size).resize((side, side), Image.Resampling.LANCZOS)
    picture.save(buffer, "JPEG", quality=90)
    rendition = Image.open(buffer)
    assert read_code(rendition) == seed
    small = (min(side, thumbnail),) * 2
    assert read_code(rendition.resize(small, Image.Resampling.LANCZOS)) == seed


def test_a_picture_without_a_code_has_no_seed() -> None:
    for shade in (0, 127, 255):
        assert read_code(Image.new("RGB", (96, 96), (shade, shade, shade))) is None


def test_a_damaged_code_is_no_seed() -> None:
    picture = Image.new("RGB", (96, 96), "white")
    write_code(picture, 77)
    picture.paste((0, 0, 0), (48, 87, 60, 96))
    assert read_code(picture) is None


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP"])
def test_a_photo_carries_its_camera_and_position(fmt: Format) -> None:
    shot = located(with_gps=True)
    taken_with = camera(shot)
    assert taken_with is not None
    assert taken_with.gps is not None
    exif = Image.open(io.BytesIO(encode(render(shot, size=64), fmt, exif=taken_with))).getexif()
    assert exif[ExifTags.Base.Make] == "Demoworld"
    degrees, minutes, seconds = exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude]
    found = float(degrees) + float(minutes) / 60 + float(seconds) / 3600
    assert found == pytest.approx(abs(taken_with.gps[0]), abs=1e-4)


def test_some_photos_have_no_position_and_drawings_have_no_camera() -> None:
    shot = camera(located(with_gps=False))
    assert shot is not None
    assert shot.gps is None
    assert all(camera(scene(s)) is None for s in range(99) if scene(s).style != "photo")


def test_a_gif_drops_exif_data() -> None:
    data = encode(render(scene(3), size=64), "GIF", exif=camera(located(with_gps=True)))
    assert not Image.open(io.BytesIO(data)).getexif()
