"""URIs of images that lie in a folder or an S3 store: one spelling, and no way out of it."""

import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal, Self
from urllib.parse import quote, unquote_to_bytes

LONGEST: Final = 8192
"""Characters; as for a URL."""

Scheme = Literal["file", "s3"]

_SCHEME = re.compile(r"(file|s3)://([^/]*)(/[^?#]*)(?:#(.*))?", re.IGNORECASE | re.DOTALL)
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SPAN = re.compile(
    r"bytes=(0|[1-9][0-9]{0,17})-(0|[1-9][0-9]{0,17})&version=([A-Za-z0-9._-]{1,128})"
)


class BadSourceUri(ValueError):
    """The text is no URI of a file or an object; the message says why."""


@dataclass(frozen=True, slots=True)
class Span:
    """Some bytes of one version of a file or an object; `last` is included, as in HTTP's Range.

    A place in a shard means nothing in another version of it, so the version belongs to the name.
    """

    first: int
    last: int
    version: str

    @property
    def size_bytes(self) -> int:
        """How many bytes these are."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class SourceUri:
    """A file or an object, or some bytes of it; equal by its text.

    Attributes:
        bucket: empty for a file.
        segments: names between the slashes, decoded; none is empty, `.` or `..`, or holds a slash.
            Bytes of a file's name that are not UTF-8 are surrogates, as `os.fsdecode` makes them.
        span: the bytes that are meant; None is all.
    """

    scheme: Scheme
    bucket: str
    segments: tuple[str, ...]
    span: Span | None = None

    def __str__(self) -> str:
        path = "/".join(quote(os.fsencode(segment), safe="") for segment in self.segments)
        whole = f"{self.scheme}://{self.bucket}/{path}"
        if self.span is None:
            return whole
        return f"{whole}#bytes={self.span.first}-{self.span.last}&version={self.span.version}"

    @classmethod
    def of_file(cls, path: PurePosixPath, span: Span | None = None) -> Self:
        """Return the URI of an absolute path.

        Raises:
            BadSourceUri: the path is relative, or holds `..`.
        """
        if not path.is_absolute():
            raise BadSourceUri("a path that is not absolute")
        return cls("file", "", _checked(path.parts[1:]), span)

    @classmethod
    def of_object(cls, bucket: str, key: str, span: Span | None = None) -> Self:
        """Return the URI of an object.

        Raises:
            BadSourceUri: no bucket name, or a key with an empty segment, `.` or `..`.
        """
        _check_bucket(bucket)
        return cls("s3", bucket, _checked(tuple(key.split("/"))), span)

    @property
    def path(self) -> str:
        """The absolute path of a file."""
        return "/" + "/".join(self.segments)

    @property
    def key(self) -> str:
        """The key of an object."""
        return "/".join(self.segments)


def is_source(text: str) -> bool:
    """Tell whether the text is meant as the URI of a file or an object."""
    return text.lstrip()[:5].lower().startswith(("file:", "s3:"))


def source_uri(text: str) -> SourceUri:
    """Return what the text names; `str` of it is the canonical spelling.

    Names are decoded once. `source_uri(str(source_uri(x)))` is `source_uri(x)`.

    Raises:
        BadSourceUri: two readers could take it for two things, or it is none.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise BadSourceUri(f"longer than {LONGEST} characters")
    found = _SCHEME.fullmatch(text)
    if found is None:
        raise BadSourceUri("neither file:///path nor s3://bucket/key")
    scheme, host, path, fragment = found.groups()
    if _AMBIGUOUS.search(path) or _ESCAPE.search(path):
        raise BadSourceUri("a space, control character, backslash or broken % escape")
    segments = _checked(tuple(_decoded(segment) for segment in path[1:].split("/")))
    span = None if fragment is None else _span(fragment)
    if scheme.lower() == "file":
        if host:
            raise BadSourceUri("a file on another host")
        uri = SourceUri("file", "", segments, span)
    else:
        _check_bucket(host)
        uri = SourceUri("s3", host, segments, span)
    if len(str(uri)) > LONGEST:
        raise BadSourceUri(f"longer than {LONGEST} characters")
    return uri


def file_version(size_bytes: int, modified_ns: int) -> str:
    """Return what changes when a file does, as far as its folder tells."""
    return f"{size_bytes}-{modified_ns}"


def _decoded(segment: str) -> str:
    try:
        return os.fsdecode(unquote_to_bytes(segment))
    except UnicodeError as error:
        raise BadSourceUri("characters that are no text") from error


def _checked(segments: tuple[str, ...]) -> tuple[str, ...]:
    for segment in segments:
        if segment in {"", ".", ".."} or "/" in segment or "\x00" in segment:
            raise BadSourceUri(f"a path segment {segment!r}")
    if not segments:
        raise BadSourceUri("no path")
    return segments


def _check_bucket(name: str) -> None:
    if not _BUCKET.fullmatch(name):
        raise BadSourceUri(f"{name!r} is no name of a bucket")


def _span(fragment: str) -> Span:
    found = _SPAN.fullmatch(fragment)
    if found is None or int(found[1]) > int(found[2]):
        raise BadSourceUri("a fragment other than bytes=FIRST-LAST&version=VERSION")
    return Span(int(found[1]), int(found[2]), found[3])
