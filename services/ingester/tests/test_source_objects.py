"""Objects below allowed prefixes, on a real S3 server."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr, ValidationError

from pixelprose.embedded.testing import FreshBucket
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.settings import IngesterSettings
from pixelprose.ingester.sources import Objects, SourceSettings
from pixelprose.ingester.sources.body import Body
from pixelprose.objectstore import ObjectKey, S3Reader, StoreSettings, open_store
from pixelprose.records.source_uri import SourceUri, Span, source_uri
from pixelprose.streamkit import Stop, Unavailable

MAX_BYTES = 1_000
FAR = 1e9
NOWHERE = StoreSettings(
    endpoint="http://127.0.0.1:1",
    bucket="pictures",
    access_key="a",
    secret_key=SecretStr("b"),
)


def settings_of(bucket: FreshBucket) -> StoreSettings:
    access = bucket.access
    return StoreSettings(
        endpoint=access.endpoint,
        bucket=bucket.name,
        access_key=access.access_key,
        secret_key=access.secret_key,
        region=access.region,
    )


@pytest.fixture
def settings(bucket: FreshBucket) -> StoreSettings:
    settings = settings_of(bucket)
    store = open_store(settings)
    for key, data in {
        "in/a.jpg": b"picture",
        "in/empty.jpg": b"",
        "in/big.jpg": b"x" * (MAX_BYTES + 1),
        "in/a b%2f.jpg": b"odd",
        "inside/b.jpg": b"secret",
        "secret.jpg": b"secret",
        "in/0.tar": b"header" + b"picture" + b"y" * (2 * MAX_BYTES),
    }.items():
        store.put(ObjectKey(key), data, content_type="image/jpeg")
    store.close()
    return settings


@pytest.fixture
def objects(settings: StoreSettings) -> Iterator[Objects]:
    permits = SourceSettings(prefixes=(f"s3://{settings.bucket}/in/",))
    opened = Objects(permits.buckets(), settings, max_bytes=MAX_BYTES)
    yield opened
    opened.close()


def read(
    objects: Objects, settings: StoreSettings, key: str, span: Span | None = None
) -> Body | Refusal:
    uri = SourceUri.of_object(settings.bucket, key, span)
    return objects.read(uri, deadline=FAR)


def reason(end: Body | Refusal) -> str:
    assert isinstance(end, Refusal), end
    return end.reason


@pytest.mark.real
def test_an_object_below_an_allowed_prefix_is_read(
    objects: Objects, settings: StoreSettings
) -> None:
    for key, data in {"in/a.jpg": b"picture", "in/empty.jpg": b"", "in/a b%2f.jpg": b"odd"}.items():
        end = read(objects, settings, key)
        assert isinstance(end, Body)
        assert end.data == data
        assert end.version


@pytest.mark.real
@pytest.mark.parametrize("key", ["secret.jpg", "inside/b.jpg", "in"])
def test_other_keys_are_forbidden(objects: Objects, settings: StoreSettings, key: str) -> None:
    assert reason(read(objects, settings, key)) == "forbidden_source"


def test_by_default_no_object_at_all_is_read_and_no_server_is_asked() -> None:
    nothing = Objects(SourceSettings().buckets(), NOWHERE, max_bytes=MAX_BYTES)
    uri = source_uri("s3://pictures/in/a.jpg")
    assert reason(nothing.read(uri, deadline=FAR)) == "forbidden_source"


def test_another_bucket_is_forbidden_and_no_server_is_asked() -> None:
    one = Objects({"pictures": ((),)}, NOWHERE, max_bytes=MAX_BYTES)
    uri = source_uri("s3://secrets/in/a.jpg")
    assert reason(one.read(uri, deadline=FAR)) == "forbidden_source"


def test_a_server_that_does_not_answer_costs_no_record() -> None:
    one = Objects({"pictures": ((),)}, NOWHERE, max_bytes=MAX_BYTES)
    with pytest.raises(Unavailable):
        one.read(source_uri("s3://pictures/a.jpg"), deadline=FAR)


@pytest.mark.real
def test_a_server_that_refuses_us_stops_the_service(settings: StoreSettings) -> None:
    wrong = settings.model_copy(update={"secret_key": SecretStr("wrong")})
    objects = Objects({settings.bucket: ((),)}, wrong, max_bytes=MAX_BYTES)
    with pytest.raises(Stop):
        objects.read(SourceUri.of_object(settings.bucket, "in/a.jpg"), deadline=FAR)


@pytest.mark.real
def test_missing_and_large_objects_are_refused(objects: Objects, settings: StoreSettings) -> None:
    assert reason(read(objects, settings, "in/nothing.jpg")) == "source_missing"
    assert reason(read(objects, settings, "in/big.jpg")) == "too_large"


@pytest.mark.real
def test_some_bytes_of_a_shard_are_read_and_another_version_is_refused(
    objects: Objects, settings: StoreSettings
) -> None:
    reader = S3Reader(settings)
    tag = reader.version("in/0.tar").tag
    end = read(objects, settings, "in/0.tar", Span(6, 12, tag))
    assert isinstance(end, Body)
    assert end.data == b"picture"
    assert reason(read(objects, settings, "in/0.tar", Span(6, 12, "other"))) == "source_changed"
    assert reason(read(objects, settings, "in/0.tar", Span(6, 10**6, tag))) == "source_changed"
    assert reason(read(objects, settings, "in/0.tar", Span(0, MAX_BYTES, tag))) == "too_large"
    reader.close()


@pytest.mark.real
def test_reading_ends_at_the_deadline(settings: StoreSettings) -> None:
    objects = Objects({settings.bucket: ((),)}, settings, max_bytes=MAX_BYTES, clock=lambda: 9.0)
    uri = SourceUri.of_object(settings.bucket, "in/a.jpg")
    assert reason(objects.read(uri, deadline=5.0)) == "timeout"
    objects.close()


@pytest.mark.real
def test_an_object_that_is_replaced_between_look_and_read_is_not_mixed_up(
    settings: StoreSettings,
) -> None:
    reader, store = S3Reader(settings), open_store(settings)
    before = reader.version("in/a.jpg")
    store.put(ObjectKey("in/a.jpg"), b"another", content_type="image/jpeg")
    with pytest.raises(Exception, match="no object"):
        reader.read(before, first=0, size_bytes=before.size_bytes)
    reader.close()
    store.close()


def test_the_stores_own_bucket_is_no_source() -> None:
    kafka = {"bootstrap_servers": "127.0.0.1:1"}
    with pytest.raises(ValidationError, match="own bucket"):
        IngesterSettings.model_validate(
            {
                "kafka": kafka,
                "store": NOWHERE,
                "ingester": {"sources": {"prefixes": ["s3://pictures/in"]}},
            }
        )
