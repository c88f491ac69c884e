"""A store in memory, for tests: it keeps the whole contract and fails when told to."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeVar

from pixelprose.objectstore.errors import ObjectMissing, StoreError
from pixelprose.objectstore.keys import ObjectKey
from pixelprose.objectstore.port import ObjectFacts, ObjectStore

Operation = Literal["prepare", "get", "put", "put_if_absent", "copy", "delete", "stat", "list"]


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Stored:
    data: bytes
    content_type: str
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class _Fault:
    error: StoreError
    after_effect: bool


class MemoryStore(ObjectStore):
    """Objects in a dict. ``now`` dates them."""

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._lock = threading.RLock()
        self._objects: dict[ObjectKey, _Stored] = {}
        self._faults: defaultdict[Operation, deque[_Fault]] = defaultdict(deque)

    def fail_next(self, operation: Operation, error: StoreError, *, times: int = 1) -> None:
        """The next ``times`` calls raise ``error`` and change nothing."""
        self._faults[operation].extend([_Fault(error, after_effect=False)] * times)

    def lose_next_answer(self, operation: Operation, error: StoreError) -> None:
        """The next call takes effect and then raises ``error``: the answer got lost."""
        self._faults[operation].append(_Fault(error, after_effect=True))

    def content_type(self, key: ObjectKey) -> str:
        """The content type an object was put with. Raises ObjectMissing."""
        return self._found(key).content_type

    def prepare(self) -> None:
        """Find the place where the objects lie: always there, unless told to fail."""
        self._attempt("prepare", lambda: None)

    def get(self, key: ObjectKey) -> bytes:
        """The whole object. Raises ObjectMissing."""
        return self._attempt("get", lambda: self._found(key).data)

    def put(self, key: ObjectKey, data: bytes, *, content_type: str) -> None:
        """Readers see all of ``data`` under ``key``, or what was there before."""
        self._attempt("put", lambda: self._store(key, data, content_type))

    def put_if_absent(self, key: ObjectKey, data: bytes, *, content_type: str) -> bool:
        """True for the one call that creates the object."""

        def create() -> bool:
            if key in self._objects:
                return False
            self._store(key, data, content_type)
            return True

        return self._attempt("put_if_absent", create)

    def copy(self, source: ObjectKey, target: ObjectKey) -> None:
        """``target`` holds what ``source`` holds. Raises ObjectMissing(source)."""

        def duplicate() -> None:
            found = self._found(source)
            self._store(target, found.data, found.content_type)

        self._attempt("copy", duplicate)

    def delete(self, key: ObjectKey) -> None:
        """Nothing lies under ``key``."""
        self._attempt("delete", lambda: self._objects.pop(key, None))

    def stat(self, key: ObjectKey) -> ObjectFacts | None:
        """Size and age of the object, or None where there is none."""

        def facts() -> ObjectFacts | None:
            found = self._objects.get(key)
            return ObjectFacts(len(found.data), found.last_modified) if found else None

        return self._attempt("stat", facts)

    def list(self, prefix: str) -> Iterator[ObjectKey]:
        """All keys that begin with ``prefix``, as they stood when this was called."""
        return self._attempt(
            "list",
            lambda: iter(
                sorted((k for k in self._objects if k.startswith(prefix)), key=str.encode)
            ),
        )

    def _attempt(self, operation: Operation, effect: Callable[[], T]) -> T:
        with self._lock:
            faults = self._faults[operation]
            fault = faults.popleft() if faults else None
            if fault and not fault.after_effect:
                raise fault.error
            result = effect()
            if fault:
                raise fault.error
            return result

    def _found(self, key: ObjectKey) -> _Stored:
        try:
            return self._objects[key]
        except KeyError as error:
            raise ObjectMissing(key) from error

    def _store(self, key: ObjectKey, data: bytes, content_type: str) -> None:
        self._objects[key] = _Stored(bytes(data), content_type, self._now())
