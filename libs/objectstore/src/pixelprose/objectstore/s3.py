"""The port on any S3 server, through the minio SDK and one connection pool."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.error import S3Error

from pixelprose.objectstore.errors import ObjectMissing, StoreError, StoreRefused
from pixelprose.objectstore.keys import ObjectKey
from pixelprose.objectstore.port import ObjectFacts, ObjectStore
from pixelprose.objectstore.s3_errors import Answer, Place, judge, meaning, translated
from pixelprose.objectstore.settings import StoreSettings
from pixelprose.objectstore.signed import SignedRequests

_OK, _PRECONDITION_FAILED, _SERVER_ERRORS = 200, 412, 500


def open_store(settings: StoreSettings) -> "S3Store":
    """A store by these settings; no request is made yet (``probe`` makes the first)."""
    return S3Store(settings)


class S3Store(ObjectStore):
    """One bucket on one S3 server. Thread-safe; share one per process, never across a fork."""

    def __init__(self, settings: StoreSettings) -> None:
        self._bucket = settings.bucket
        self._create_bucket = settings.create_bucket
        self._place = Place(settings.endpoint, settings.bucket)
        self._client, self._pool = connected(settings)
        self._requests = SignedRequests(settings, self._client)

    def prepare(self) -> None:
        """Find the bucket; create it if the settings say so."""
        with translated(self._place):
            if not self._create_bucket:
                self._find_bucket()
            elif not self._client.bucket_exists(self._bucket):
                self._client.make_bucket(self._bucket)

    def get(self, key: ObjectKey) -> bytes:
        """The whole object. Raises ObjectMissing."""
        with translated(self._place, key):
            response = self._requests.send("GET", key)
        if response.status == _OK:
            return response.data
        raise self._judged(response, key)

    def put(self, key: ObjectKey, data: bytes, *, content_type: str) -> None:
        """Readers see all of ``data`` under ``key``, or what was there before."""
        with translated(self._place, key):
            response = self._requests.send(
                "PUT", key, body=data, headers={"Content-Type": content_type}
            )
        if response.status != _OK:
            raise self._judged(response, key)

    def put_if_absent(self, key: ObjectKey, data: bytes, *, content_type: str) -> bool:
        """True for the one call that creates the object; the SDK has none like it."""
        with translated(self._place, key):
            response = self._requests.send(
                "PUT",
                key,
                body=data,
                headers={"If-None-Match": "*", "Content-Type": content_type},
            )
        if response.status == _PRECONDITION_FAILED:
            return False
        if response.status == _OK:
            return True
        raise self._judged(response, key)

    def copy(self, source: ObjectKey, target: ObjectKey) -> None:
        """``target`` holds what ``source`` holds. Raises ObjectMissing(source)."""
        with translated(self._place, source):
            try:
                self._client.copy_object(self._bucket, target, CopySource(self._bucket, source))
            except S3Error:
                self._find_bucket()
                raise

    def delete(self, key: ObjectKey) -> None:
        """Nothing lies under ``key``."""
        try:
            with translated(self._place, key):
                self._client.remove_object(self._bucket, key)
        except ObjectMissing:
            return  # some servers answer 404 where S3 answers 204

    def stat(self, key: ObjectKey) -> ObjectFacts | None:
        """Size and age of the object, or None where there is none."""
        try:
            with translated(self._place, key):
                found = self._client.stat_object(self._bucket, key)
        except ObjectMissing:
            with translated(self._place):
                self._find_bucket()
            return None
        if found.size is None or found.last_modified is None:
            raise StoreRefused(f"{self._place} tells no size and age of {key!r}; it is not S3")
        return ObjectFacts(found.size, found.last_modified)

    def list(self, prefix: str) -> Iterator[ObjectKey]:
        """All keys that begin with ``prefix``, a page of 1,000 at a time."""
        with translated(self._place, prefix):
            for found in self._client.list_objects(self._bucket, prefix, recursive=True):
                if found.object_name is not None:
                    yield ObjectKey(found.object_name)

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()
        self._requests.close()

    def _judged(self, response: urllib3.BaseHTTPResponse, key: ObjectKey) -> StoreError:
        try:
            document = ET.fromstring(response.data)  # noqa: S314 - our own store; expat bounds entities
        except ET.ParseError as error:
            if response.status < _SERVER_ERRORS:
                return meaning(error, place=self._place, key=key)
            return judge(Answer(response.status), place=self._place, key=key)
        found = {element.tag.rpartition("}")[2]: element.text or "" for element in document}
        answer = Answer(response.status, found.get("Code", ""), found.get("Message", ""))
        return judge(answer, place=self._place, key=key)

    def _find_bucket(self) -> None:
        """Tell a lost bucket from a lost object: an answer to HEAD has no body that would."""
        if not self._client.bucket_exists(self._bucket):
            raise judge(Answer(404, "NoSuchBucket"), place=self._place)


def connected(settings: StoreSettings) -> tuple[Minio, urllib3.PoolManager]:
    """Return a client by these settings and the connections that it uses."""
    scheme, host = settings.endpoint.split("://")
    pool = urllib3.PoolManager(
        maxsize=settings.max_connections,
        block=True,
        retries=False,
        timeout=urllib3.Timeout(
            connect=settings.connect_timeout_seconds, read=settings.read_timeout_seconds
        ),
    )
    client = Minio(
        host,
        access_key=settings.access_key,
        secret_key=settings.secret_key.get_secret_value(),
        secure=scheme == "https",
        region=settings.region,  # known, so that the SDK does not ask for it
        http_client=pool,
    )
    return client, pool
