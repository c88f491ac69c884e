"""The proxy passes all on, and misbehaves only as told."""

import io
from collections.abc import Iterator

import pytest
import urllib3
from minio import Minio
from minio.error import S3Error
from urllib3.exceptions import HTTPError

from chaos.proxy import BUSY, DISK_FULL, CutUploads, Pass, Reset, S3Proxy, Slow
from pixelprose.embedded.testing import FreshBucket

pytestmark = pytest.mark.real
BODY = bytes(range(256)) * 2048


@pytest.fixture
def proxy(bucket: FreshBucket) -> Iterator[S3Proxy]:
    with S3Proxy(int(bucket.access.endpoint.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: S3Proxy, bucket: FreshBucket) -> Minio:
    return client_of(proxy.endpoint, bucket)


def client_of(endpoint: str, bucket: FreshBucket, *, timeout_seconds: float = 10.0) -> Minio:
    access = bucket.access
    return Minio(
        endpoint.removeprefix("http://"),
        access_key=access.access_key,
        secret_key=access.secret_key.get_secret_value(),
        secure=False,
        region=access.region,
        http_client=urllib3.PoolManager(retries=False, timeout=timeout_seconds),
    )


def put(client: Minio, bucket: FreshBucket, name: str = "a") -> None:
    client.put_object(bucket.name, name, io.BytesIO(BODY), len(BODY))


def names(client: Minio, bucket: FreshBucket) -> list[str | None]:
    return [one.object_name for one in client.list_objects(bucket.name)]


def test_what_goes_in_comes_out(client: Minio, bucket: FreshBucket) -> None:
    put(client, bucket)
    assert client.get_object(bucket.name, "a").read() == BODY


def test_a_busy_store_answers_nothing_and_then_again(
    proxy: S3Proxy, client: Minio, bucket: FreshBucket
) -> None:
    proxy.mood = BUSY
    with pytest.raises(S3Error) as refused:
        put(client, bucket)
    assert refused.value.code == "SlowDown"
    proxy.mood = Pass()
    assert names(client, bucket) == []


def test_a_full_disk_takes_nothing_and_still_gives(
    proxy: S3Proxy, client: Minio, bucket: FreshBucket
) -> None:
    put(client, bucket)
    proxy.mood = DISK_FULL
    with pytest.raises(S3Error):
        put(client, bucket, "b")
    assert names(client, bucket) == ["a"]


@pytest.mark.parametrize("mood", [Reset(), CutUploads()])
def test_a_broken_upload_leaves_no_object(
    mood: Reset | CutUploads, proxy: S3Proxy, client: Minio, bucket: FreshBucket
) -> None:
    proxy.mood = mood
    with pytest.raises(HTTPError):
        put(client, bucket)
    proxy.mood = Pass()
    assert names(client, bucket) == []


def test_a_slow_store_answers_those_who_wait(proxy: S3Proxy, bucket: FreshBucket) -> None:
    hasty = client_of(proxy.endpoint, bucket, timeout_seconds=0.5)
    proxy.mood = Slow(60.0)
    with pytest.raises(HTTPError):
        put(hasty, bucket)
    proxy.mood = Slow(0.01)
    patient = client_of(proxy.endpoint, bucket)
    put(patient, bucket)
    assert names(patient, bucket) == ["a"]
