from collections.abc import Callable, Iterator

import pytest

from pixelprose.objectstore import MemoryStore, StoreRefused, StoreUnavailable, keys
from pixelprose.records import ImageFetched
from pixelprose.safety_filter.store_quarantine import StoreQuarantine
from pixelprose.streamkit import Unavailable

Fetched = Callable[..., ImageFetched]
Put = Callable[..., None]


@pytest.fixture
def quarantine(store: MemoryStore) -> Iterator[StoreQuarantine]:
    opened = StoreQuarantine(store, originals="none", threads=2)
    yield opened
    opened.close()


@pytest.fixture
def generous(store: MemoryStore) -> Iterator[StoreQuarantine]:
    opened = StoreQuarantine(store, originals="original", threads=2)
    yield opened
    opened.close()


def test_release_copies_the_rendition_and_leaves_quarantine_to_the_sweeper(
    quarantine: StoreQuarantine, store: MemoryStore, fetched: Fetched, put: Put
) -> None:
    put(record := fetched())
    before = set(store.list("quarantine/"))
    (image,) = quarantine.release([record.image])
    assert image is not None
    assert (image.original_key, image.rendition_key) == (None, f"images/{'a' * 64}/rendition.jpg")
    assert list(store.list("images/")) == [image.rendition_key]
    assert set(store.list("quarantine/")) == before


def test_the_original_goes_along_where_that_is_set(
    generous: StoreQuarantine, store: MemoryStore, fetched: Fetched, put: Put
) -> None:
    put(record := fetched())
    (image,) = generous.release([record.image])
    assert image is not None
    assert image.original_key == keys.image_original(record.image.sha256)
    assert store.get(keys.image_original(record.image.sha256)) == b"as published"


def test_nothing_is_let_out_when_the_original_is_missing(
    generous: StoreQuarantine, store: MemoryStore, fetched: Fetched, put: Put
) -> None:
    put(record := fetched())
    store.delete(keys.quarantine_original(record.image.sha256))
    assert generous.release([record.image]) == [None]
    assert not list(store.list("images/"))


def test_missing_images_are_told_apart_from_their_neighbours(
    quarantine: StoreQuarantine, fetched: Fetched, put: Put
) -> None:
    put(there := fetched("a"))
    gone = fetched("b")
    renditions = quarantine.renditions([gone.image, there.image])
    released = quarantine.release([gone.image, there.image])
    assert [one is None for one in renditions] == [one is None for one in released] == [True, False]


def test_a_record_can_not_point_the_filter_at_another_object(
    quarantine: StoreQuarantine, store: MemoryStore, fetched: Fetched
) -> None:
    store.put(keys.image_rendition("b" * 64), b"elsewhere", content_type="image/jpeg")
    record = fetched("a")
    assert quarantine.renditions([record.image]) == [None]


@pytest.mark.parametrize("error", [StoreUnavailable("down"), StoreRefused("no access")])
def test_a_store_that_does_not_serve_is_unavailable(
    quarantine: StoreQuarantine,
    store: MemoryStore,
    fetched: Fetched,
    put: Put,
    error: StoreRefused | StoreUnavailable,
) -> None:
    put(record := fetched())
    store.fail_next("get", error)
    store.fail_next("copy", error)
    with pytest.raises(Unavailable, match="store"):
        quarantine.renditions([record.image])
    with pytest.raises(Unavailable, match="store"):
        quarantine.release([record.image])
