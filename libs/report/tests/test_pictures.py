"""Small pictures from the store."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from pixelprose.objectstore import (
    MemoryStore,
    StoreUnavailable,
    image_rendition,
    quarantine_rendition,
)
from pixelprose.report.pictures import MISSING, NoPicture, Picture, Wanted, pictures, small
from pixelprose.report.testing import jpeg

SHA = "ab" * 32


def decoded(picture: Picture | NoPicture) -> Image.Image:
    assert isinstance(picture, Picture)
    kind, _, data = picture.uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def seen(store: MemoryStore, *wanted: Wanted) -> list[Picture | NoPicture]:
    return list(pictures(store, wanted, lambda: None))


def test_a_rendition_is_made_small_and_keeps_its_shape() -> None:
    store = MemoryStore()
    store.put(image_rendition(SHA), jpeg(width=1024, height=512), content_type="image/jpeg")
    (picture,) = seen(store, Wanted(SHA))
    assert decoded(picture).size == (448, 224)


def test_a_small_rendition_is_not_made_larger() -> None:
    assert decoded(small(jpeg(width=64, height=32))).size == (64, 32)


def test_a_missing_picture_is_no_error_and_keeps_its_place() -> None:
    store = MemoryStore()
    other = "cd" * 32
    store.put(image_rendition(other), jpeg(), content_type="image/jpeg")
    found = seen(store, Wanted(SHA), Wanted(other))
    assert found[0] == MISSING
    assert isinstance(found[1], Picture)


def test_what_lies_in_quarantine_is_never_read() -> None:
    store = MemoryStore()
    store.put(quarantine_rendition(SHA), jpeg(), content_type="image/jpeg")
    assert seen(store, Wanted(SHA)) == [MISSING]


@pytest.mark.parametrize("data", [b"", b"JPEG", jpeg()[:200], b"<svg onload=alert(1)>"])
def test_broken_bytes_are_told(data: bytes) -> None:
    assert small(data) == NoPicture("broken in the store")


def test_other_formats_are_not_decoded() -> None:
    written = io.BytesIO()
    Image.new("RGB", (8, 8)).save(written, "PNG")
    assert small(written.getvalue()) == NoPicture("broken in the store")


def test_what_is_too_large_for_a_rendition_is_not_decoded() -> None:
    assert isinstance(small(jpeg(width=4200, height=8)), NoPicture)


def test_personal_words_in_a_picture_are_covered() -> None:
    picture = decoded(small(jpeg(width=100, height=100), [(0.2, 0.2, 0.6, 0.4)]))
    pixels = np.asarray(picture)
    assert pixels[30, 40].max() < 100
    assert pixels[80, 80].min() > 200


def test_a_store_that_does_not_answer_is_an_error() -> None:
    store = MemoryStore()
    store.fail_next("get", StoreUnavailable("no answer"))
    with pytest.raises(StoreUnavailable):
        seen(store, Wanted(SHA))
