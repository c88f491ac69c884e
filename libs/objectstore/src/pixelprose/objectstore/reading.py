"""Somebody else's bucket, read only: versions, ranges and listings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pixelprose.objectstore.errors import ObjectMissing, StoreRefused
from pixelprose.objectstore.s3 import connected
from pixelprose.objectstore.s3_errors import Place, translated
from pixelprose.objectstore.settings import StoreSettings

_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an object; `tag` is its ETag and differs between versions."""

    key: str
    tag: str
    size_bytes: int
    last_modified: datetime


class S3Reader:
    """Reads a bucket and never writes. Thread-safe.

    Every method raises StoreUnavailable when the server does not answer and StoreRefused when the
    setup is at fault, as those of ObjectStore.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._bucket = settings.bucket
        self._place = Place(settings.endpoint, settings.bucket)
        self._client, self._pool = connected(settings)

    def version(self, key: str) -> ObjectVersion:
        """The object as it is now. Raises ObjectMissing."""
        with translated(self._place, key):
            found = self._client.stat_object(self._bucket, key)
        return self._version(key, found.etag, found.size, found.last_modified)

    @contextmanager
    def reading(
        self, version: ObjectVersion, *, first: int, size_bytes: int
    ) -> Iterator[Iterator[bytes]]:
        """Yield chunks of this version's bytes from `first` on; leaving stops the transfer.

        Raises ObjectMissing when another version has taken its place.
        """
        if not size_bytes:
            yield iter(())
            return
        with translated(self._place, version.key):
            response = self._client.get_object(
                self._bucket, version.key, offset=first, length=size_bytes
            )
            try:
                if _bare(response.headers.get("ETag", "")) != version.tag:
                    raise ObjectMissing(version.key)
                yield response.stream(_CHUNK_BYTES)
            finally:
                response.close()
                response.release_conn()

    def read(self, version: ObjectVersion, *, first: int, size_bytes: int) -> bytes:
        """These bytes of this version, as many as there are. Raises ObjectMissing."""
        with self.reading(version, first=first, size_bytes=size_bytes) as chunks:
            return b"".join(chunks)

    def listed(self, prefix: str) -> Iterator[ObjectVersion]:
        """All objects whose key begins with ``prefix``, in the order of their keys."""
        with translated(self._place, prefix):
            for found in self._client.list_objects(self._bucket, prefix, recursive=True):
                if found.object_name is not None and not found.object_name.endswith("/"):
                    yield self._version(
                        found.object_name, found.etag, found.size, found.last_modified
                    )

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()

    def _version(
        self, key: str, tag: str | None, size: int | None, modified: datetime | None
    ) -> ObjectVersion:
        if not tag or size is None or modified is None:
            raise StoreRefused(f"{self._place} tells no version of {key!r}; it is not S3")
        return ObjectVersion(key, _bare(tag), size, modified)


def _bare(tag: str) -> str:
    return tag.strip().strip('"')
