import io

import PIL.Image
import pytest

from pixelprose.metadata_annotator.renditions import (
    MAX_SIDE,
    Broken,
    Missing,
    StoreRenditions,
    decode,
)
from pixelprose.objectstore import MemoryStore, keys
from pixelprose.records import Sha256


def encoded(fmt: str = "JPEG", *, mode: str = "RGB", size: tuple[int, int] = (8, 6)) -> bytes:
    data = io.BytesIO()
    PIL.Image.new(mode, size).save(data, fmt)
    return data.getvalue()


def test_images_come_back_in_the_order_asked(store: MemoryStore) -> None:
    there, gone = Sha256("a" * 64), Sha256("b" * 64)
    store.put(keys.image_rendition(there), encoded(), content_type="image/jpeg")
    renditions = StoreRenditions(store, threads=4)
    missing, image = renditions.load([gone, there])
    renditions.close()
    assert missing == Missing(keys.image_rendition(gone))
    assert isinstance(image, PIL.Image.Image)


def test_grey_becomes_rgb() -> None:
    image = decode(encoded(mode="L"))
    assert isinstance(image, PIL.Image.Image)
    assert image.mode == "RGB"


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", encoded("PNG"), encoded()[:200], encoded(size=(MAX_SIDE + 1, 8))],
    ids=["empty", "html", "png", "cut", "huge"],
)
def test_what_the_ingester_does_not_write_is_not_decoded(data: bytes) -> None:
    assert isinstance(decode(data), Broken)
