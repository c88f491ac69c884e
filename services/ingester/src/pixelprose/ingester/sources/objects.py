"""Objects below allowed prefixes, within the same bounds as a fetch."""

import time
from collections.abc import Callable, Mapping
from threading import Lock

from pixelprose.ingester.body import too_large
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.sources.body import Body, late
from pixelprose.objectstore import (
    ObjectMissing,
    ObjectVersion,
    S3Reader,
    StoreRefused,
    StoreSettings,
    StoreUnavailable,
)
from pixelprose.records.source_uri import SourceUri
from pixelprose.streamkit import ExitCode, Stop, Unavailable

Prefixes = Mapping[str, tuple[tuple[str, ...], ...]]
"""Allowed folders by bucket, as segments."""


class Objects:
    """Reads objects below `prefixes` of one server; all else is refused without a request."""

    def __init__(
        self,
        prefixes: Prefixes,
        settings: StoreSettings,
        *,
        max_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prefixes = prefixes
        self._settings = settings
        self._max_bytes = max_bytes
        self._clock = clock
        self._readers: dict[str, S3Reader] = {}
        self._lock = Lock()

    def read(self, uri: SourceUri, *, deadline: float) -> Body | Refusal:
        """Return the bytes that are meant. Blocks; `deadline` is a time of the clock.

        Raises:
            Unavailable: the server does not answer.
            Stop: it refuses us.
        """
        allowed = self._prefixes.get(uri.bucket, ())
        if not any(uri.segments[: len(p)] == p and len(uri.segments) > len(p) for p in allowed):
            return Refusal("forbidden_source", "not below an allowed prefix")
        try:
            uri.key.encode()
            return self._read(self._reader(uri.bucket), uri, deadline)
        except UnicodeError:
            return Refusal("bad_url", "a key that is not UTF-8")
        except ObjectMissing:
            return Refusal("source_missing", "no such object")
        except StoreUnavailable as error:
            raise Unavailable("source store", str(error)) from error
        except StoreRefused as error:
            raise Stop(ExitCode.BAD_CONFIGURATION, f"the source store: {error}") from error

    def close(self) -> None:
        """Close idle connections."""
        for reader in self._readers.values():
            reader.close()

    def _read(self, reader: S3Reader, uri: SourceUri, deadline: float) -> Body | Refusal:
        facts, span = reader.version(uri.key), uri.span
        if span is not None and (span.version != facts.tag or span.last >= facts.size_bytes):
            return Refusal("source_changed", "not the version that was submitted")
        first, wanted = (0, facts.size_bytes) if span is None else (span.first, span.size_bytes)
        if wanted > self._max_bytes:
            return too_large(self._max_bytes)
        body = bytearray()
        with reader.reading(facts, first=first, size_bytes=wanted) as chunks:
            for chunk in chunks:
                body += chunk
                if len(body) > wanted:
                    break
                if self._clock() > deadline:
                    return late()
        return _whole(body, wanted, facts)

    def _reader(self, bucket: str) -> S3Reader:
        with self._lock:
            if bucket not in self._readers:
                settings = self._settings.model_copy(update={"bucket": bucket})
                self._readers[bucket] = S3Reader(settings)
            return self._readers[bucket]


def _whole(body: bytearray, wanted: int, facts: ObjectVersion) -> Body | Refusal:
    if len(body) != wanted:
        return Refusal("source_changed", "changed while it was read")
    return Body(bytes(body), version=facts.tag, modified=facts.last_modified)
