"""Deleting by age, for stores without lifecycle rules, and for what rules can't name."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from minio import Minio
from minio.deleteobjects import DeleteObject

from pixelprose.objectstore.errors import StoreUnavailable
from pixelprose.objectstore.keys import ObjectKey
from pixelprose.objectstore.lifetimes import Lifetime
from pixelprose.objectstore.s3 import connected
from pixelprose.objectstore.s3_errors import Place, translated
from pixelprose.objectstore.settings import StoreSettings

_MOST_NAMED: Final = 3


class Sweep:
    """Finds and deletes what outlived its time, by listing it: a thousand objects a request.

    An object that is written again between the two goes all the same; whoever needs it finds it
    missing, which every reader of what ends expects. Methods raise `StoreUnavailable` and
    `StoreRefused`.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._bucket = settings.bucket
        self._place = Place(settings.endpoint, settings.bucket)
        self._client: Minio
        self._client, self._pool = connected(settings)

    def overdue(self, lifetime: Lifetime, *, now: datetime) -> Iterator[ObjectKey]:
        """Yield the keys of what was last written more than its days ago."""
        before = now - timedelta(days=lifetime.days)
        with translated(self._place):
            for found in self._client.list_objects(self._bucket, lifetime.prefix, recursive=True):
                key, written = found.object_name or "", found.last_modified
                named = key.rpartition("/")[2] == lifetime.name if lifetime.name else True
                if written is not None and written < before and named:
                    yield ObjectKey(key)

    def delete(self, keys: Iterable[ObjectKey]) -> int:
        """Delete all of these and return how many; what could not be deleted is named."""
        count = 0

        def counted() -> Iterator[DeleteObject]:
            nonlocal count
            for key in keys:
                count += 1
                yield DeleteObject(key)

        with translated(self._place):
            left = list(self._client.remove_objects(self._bucket, counted()))
        if left:
            named = ", ".join(f"{error.name} ({error.message})" for error in left[:_MOST_NAMED])
            raise StoreUnavailable(f"{self._place} kept {len(left)} of {count}: {named}")
        return count

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()
