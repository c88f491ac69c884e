from datetime import UTC, datetime, timedelta

import pytest

from pixelprose.objectstore import (
    MemoryStore,
    ObjectFacts,
    ObjectKey,
    StoreRefused,
    StoreUnavailable,
    probe,
)

KEY = ObjectKey("seen/one")
TEXT = "text/plain"


class Forgetful(MemoryStore):
    """A store that ignores the condition of a conditional put."""

    def put_if_absent(self, key: ObjectKey, data: bytes, *, content_type: str) -> bool:
        self.put(key, data, content_type=content_type)
        return True


class Lying(MemoryStore):
    """A store that says no and overwrites all the same."""

    def put_if_absent(self, key: ObjectKey, data: bytes, *, content_type: str) -> bool:
        known = self.stat(key) is not None
        self.put(key, data, content_type=content_type)
        return not known


@pytest.mark.parametrize("store", [Forgetful(), Lying()])
def test_a_store_that_ignores_the_condition_is_refused(store: MemoryStore) -> None:
    with pytest.raises(StoreRefused, match="ignores 'If-None-Match"):
        probe(store)
    assert list(store.list("")) == []


def test_a_store_where_every_key_is_taken_is_refused() -> None:
    store = MemoryStore()
    store.put(ObjectKey("probe/again"), b"", content_type=TEXT)
    with pytest.raises(StoreRefused, match="calls a fresh key taken"):
        probe(store, token=lambda: "again")


@pytest.mark.parametrize("operation", ["prepare", "put_if_absent", "get", "delete"])
def test_a_store_that_does_not_answer_its_probe_may_be_asked_again(operation: str) -> None:
    store = MemoryStore()
    store.fail_next(operation, StoreUnavailable("down"))  # type: ignore[arg-type] # parametrized
    with pytest.raises(StoreUnavailable, match="down"):
        probe(store)
    probe(store)


def test_told_failures_come_in_order_and_change_nothing() -> None:
    store = MemoryStore()
    store.fail_next("put", StoreUnavailable("full"), times=2)
    store.fail_next("put", StoreRefused("rights"))
    for kind in (StoreUnavailable, StoreUnavailable, StoreRefused):
        with pytest.raises(kind):
            store.put(KEY, b"x", content_type=TEXT)
    assert store.stat(KEY) is None
    store.put(KEY, b"x", content_type=TEXT)


def test_a_lost_answer_leaves_its_effect() -> None:
    store = MemoryStore()
    store.lose_next_answer("put_if_absent", StoreUnavailable("time-out"))
    with pytest.raises(StoreUnavailable):
        store.put_if_absent(KEY, b"mine", content_type=TEXT)
    assert not store.put_if_absent(KEY, b"mine", content_type=TEXT)
    assert store.get(KEY) == b"mine"


def test_objects_are_dated_by_the_given_clock_and_keep_their_type() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    times = iter([noon, noon + timedelta(seconds=1)])
    store = MemoryStore(now=lambda: next(times))
    store.put(KEY, b"four", content_type="image/jpeg")
    store.copy(KEY, ObjectKey("seen/two"))
    assert store.stat(KEY) == ObjectFacts(4, noon)
    assert store.stat(ObjectKey("seen/two")) == ObjectFacts(4, noon + timedelta(seconds=1))
    assert store.content_type(ObjectKey("seen/two")) == "image/jpeg"
