"""Objects below an S3 prefix, in order."""

from collections.abc import Iterator
from functools import partial

from pixelprose.cli.errors import CommandError
from pixelprose.cli.images.entries import Entry
from pixelprose.cli.images.folder import PARTIAL
from pixelprose.objectstore import ObjectVersion, S3Reader
from pixelprose.records.source_uri import BadSourceUri, SourceUri


def prefix_entries(reader: S3Reader, bucket: str, prefix: str) -> Iterator[Entry]:
    """Yield the objects whose key begins with the prefix; hidden and partial ones are left out.

    Raises:
        CommandError: a key that has no URI.
    """
    for version in reader.listed(prefix):
        name = version.key.removeprefix(prefix).lstrip("/") or version.key
        if not any(part.startswith(".") for part in name.split("/")) and not (
            name.lower().endswith(PARTIAL)
        ):
            yield _entry(reader, bucket, version, name)


def _entry(reader: S3Reader, bucket: str, version: ObjectVersion, name: str) -> Entry:
    try:
        uri = SourceUri.of_object(bucket, version.key)
    except BadSourceUri as error:
        raise CommandError(f"s3://{bucket}/{version.key}: {error}") from error
    return Entry(name, uri, version.tag, version.size_bytes, partial(_read, reader, version))


def _read(reader: S3Reader, version: ObjectVersion, first: int, size: int) -> bytes:
    return reader.read(version, first=first, size_bytes=size)
