"""One behaviour suite, run on the fake and on a real S3 server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from pixelprose.embedded import EmbeddedS3, S3Access
from pixelprose.embedded.testing import FreshBucket
from pixelprose.objectstore import (
    MemoryStore,
    ObjectKey,
    ObjectMissing,
    ObjectStore,
    StoreRefused,
    StoreSettings,
    open_store,
    probe,
)

_TEXT = "text/plain"
_KEY = ObjectKey("contract/one")
_OTHER = ObjectKey("contract/other")
_MORE_THAN_A_PART = 6 * 1024**2
_WRITERS = 16


class ObjectStoreContract:
    """Behaviours of the port; the fixture ``store`` gives an empty, prepared store."""

    def test_what_was_put_is_got_back_whole(self, store: ObjectStore) -> None:
        store.put(_KEY, b"\x00\xffbytes", content_type=_TEXT)
        assert store.get(_KEY) == b"\x00\xffbytes"

    def test_an_object_larger_than_one_part_is_got_back_whole(self, store: ObjectStore) -> None:
        data = bytes(range(256)) * (_MORE_THAN_A_PART // 256)
        store.put(_KEY, data, content_type=_TEXT)
        assert store.get(_KEY) == data

    def test_an_empty_object_is_an_object(self, store: ObjectStore) -> None:
        store.put(_KEY, b"", content_type=_TEXT)
        assert store.get(_KEY) == b""
        assert not store.put_if_absent(_KEY, b"", content_type=_TEXT)

    def test_a_second_put_replaces_the_first(self, store: ObjectStore) -> None:
        store.put(_KEY, b"old", content_type=_TEXT)
        store.put(_KEY, b"new", content_type=_TEXT)
        assert store.get(_KEY) == b"new"

    def test_getting_what_is_not_there_names_the_key(self, store: ObjectStore) -> None:
        with pytest.raises(ObjectMissing) as caught:
            store.get(_KEY)
        assert caught.value.key == _KEY

    def test_a_conditional_put_creates_what_is_absent(self, store: ObjectStore) -> None:
        assert store.put_if_absent(_KEY, b"mine", content_type=_TEXT)
        assert store.get(_KEY) == b"mine"

    def test_a_conditional_put_leaves_what_is_there(self, store: ObjectStore) -> None:
        store.put(_KEY, b"theirs", content_type=_TEXT)
        assert not store.put_if_absent(_KEY, b"mine", content_type=_TEXT)
        assert store.get(_KEY) == b"theirs"

    def test_of_many_conditional_puts_at_once_exactly_one_wins(self, store: ObjectStore) -> None:
        def claim(writer: int) -> bool:
            return store.put_if_absent(_KEY, str(writer).encode(), content_type=_TEXT)

        with ThreadPoolExecutor(_WRITERS) as threads:
            won = list(threads.map(claim, range(_WRITERS)))
        assert won.count(True) == 1
        assert store.get(_KEY) == str(won.index(True)).encode()

    def test_many_threads_read_and_write_at_once(self, store: ObjectStore) -> None:
        def write_and_read(number: int) -> bytes:
            key = ObjectKey(f"contract/{number}")
            store.put(key, str(number).encode(), content_type=_TEXT)
            return store.get(key)

        with ThreadPoolExecutor(_WRITERS) as threads:
            read = list(threads.map(write_and_read, range(4 * _WRITERS)))
        assert read == [str(number).encode() for number in range(4 * _WRITERS)]

    def test_a_copy_holds_the_same_bytes_and_leaves_the_source(self, store: ObjectStore) -> None:
        store.put(_KEY, b"picture", content_type=_TEXT)
        store.copy(_KEY, _OTHER)
        assert store.get(_OTHER) == store.get(_KEY) == b"picture"

    def test_copying_what_is_not_there_names_the_source(self, store: ObjectStore) -> None:
        with pytest.raises(ObjectMissing) as caught:
            store.copy(_KEY, _OTHER)
        assert caught.value.key == _KEY

    def test_what_was_deleted_is_gone(self, store: ObjectStore) -> None:
        store.put(_KEY, b"x", content_type=_TEXT)
        store.delete(_KEY)
        assert store.stat(_KEY) is None
        assert store.put_if_absent(_KEY, b"again", content_type=_TEXT)

    def test_deleting_nothing_is_fine(self, store: ObjectStore) -> None:
        store.delete(_KEY)

    def test_facts_tell_size_and_a_time_with_its_zone(self, store: ObjectStore) -> None:
        store.put(_KEY, b"four", content_type=_TEXT)
        facts = store.stat(_KEY)
        assert facts is not None
        assert facts.size_bytes == len(b"four")
        assert facts.last_modified <= datetime.now(UTC).replace(microsecond=999_999)

    def test_there_are_no_facts_of_what_is_not_there(self, store: ObjectStore) -> None:
        assert store.stat(_KEY) is None

    def test_listing_gives_the_keys_under_a_prefix_in_order(self, store: ObjectStore) -> None:
        for name in ("b/2", "a/1", "b/10", "b/sub/3", "bc"):
            store.put(ObjectKey(name), b"", content_type=_TEXT)
        assert list(store.list("b/")) == ["b/10", "b/2", "b/sub/3"]
        assert list(store.list("none/")) == []

    def test_the_store_passes_its_probe_and_keeps_nothing_of_it(self, store: ObjectStore) -> None:
        probe(store)
        assert list(store.list("")) == []


class TestMemoryStore(ObjectStoreContract):
    @pytest.fixture
    def store(self) -> ObjectStore:
        return MemoryStore()


@pytest.mark.real
class TestS3Store(ObjectStoreContract):
    @pytest.fixture
    def store(self, bucket: FreshBucket) -> Iterator[ObjectStore]:
        store = open_store(settings_for(bucket.access, bucket.name))
        store.prepare()
        yield store
        store.close()


@pytest.mark.real
class TestRealRefusals:
    def test_a_missing_bucket_is_refused_by_every_call_that_looks(self, s3: EmbeddedS3) -> None:
        store = open_store(settings_for(s3.access, "no-such-bucket"))
        for call in (
            store.prepare,
            lambda: probe(store),
            lambda: store.get(_KEY),
            lambda: store.put(_KEY, b"", content_type=_TEXT),
            lambda: store.put_if_absent(_KEY, b"", content_type=_TEXT),
            lambda: store.copy(_KEY, _OTHER),
            lambda: store.stat(_KEY),
            lambda: list(store.list("")),
        ):
            with pytest.raises(StoreRefused, match=r"'no-such-bucket' at .* does not exist"):
                call()

    def test_a_missing_bucket_is_made_where_the_settings_allow_it(self, s3: EmbeddedS3) -> None:
        allowed = settings_for(s3.access, "made-by-prepare").model_copy(
            update={"create_bucket": True}
        )
        for _ in range(2):
            probe(open_store(allowed))

    def test_a_wrong_secret_key_is_refused_with_what_to_check(self, bucket: FreshBucket) -> None:
        settings = settings_for(bucket.access, bucket.name).model_copy(
            update={"secret_key": SecretStr("guessed")}
        )
        store = open_store(settings)
        for call in (
            store.prepare,
            lambda: store.get(_KEY),
            lambda: store.put_if_absent(_KEY, b"", content_type=_TEXT),
        ):
            with pytest.raises(StoreRefused, match="check access_key, secret_key"):
                call()


def settings_for(access: S3Access, bucket: str) -> StoreSettings:
    return StoreSettings(
        endpoint=access.endpoint,
        bucket=bucket,
        access_key=access.access_key,
        secret_key=access.secret_key,
        region=access.region,
    )
