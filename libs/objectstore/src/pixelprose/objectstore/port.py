"""The port: what PixelProse asks of an object store, and no more."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pixelprose.objectstore.keys import ObjectKey
from pixelprose.objectstore.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What a store knows of an object without opening it; ``last_modified`` carries its zone."""

    size_bytes: int
    last_modified: datetime


class ObjectStore(Protocol):
    """Bytes under keys. Safe to use from many threads.

    Every method raises StoreUnavailable when the store does not answer and StoreRefused when its
    setup is at fault. None of them retries: how often and how long is the caller's decision.
    """

    def prepare(self) -> None:
        """Find the place where the objects lie; create it if the settings say so."""

    def get(self, key: ObjectKey) -> bytes:
        """The whole object. Raises ObjectMissing."""

    def put(self, key: ObjectKey, data: bytes, *, content_type: str) -> None:
        """Readers see all of ``data`` under ``key``, or what was there before."""

    def put_if_absent(self, key: ObjectKey, data: bytes, *, content_type: str) -> bool:
        """True for the one call that creates the object; all others are False and change nothing.

        After StoreUnavailable the object may be there: a repeated call is then False although the
        first attempt made it. So write into ``data`` who claims, and read it back on False.
        """

    def copy(self, source: ObjectKey, target: ObjectKey) -> None:
        """``target`` holds what ``source`` holds; the bytes stay in the store.

        Raises ObjectMissing(source).
        """

    def delete(self, key: ObjectKey) -> None:
        """Nothing lies under ``key``; deleting nothing is fine."""

    def stat(self, key: ObjectKey) -> ObjectFacts | None:
        """Size and age of the object, or None where there is none."""

    def list(self, prefix: str) -> Iterator[ObjectKey]:
        """All keys that begin with ``prefix``, in the order of their UTF-8 bytes."""


OpenStore = Callable[[StoreSettings, ExitStack], ObjectStore]
"""How a service gets its store, ready for use; what has to be closed goes onto the stack."""
