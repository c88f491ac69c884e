"""What a name on the command line means, and the units that lie there."""

from collections.abc import Iterator
from pathlib import Path

from pixelprose.cli.client_settings import ClientSettings
from pixelprose.cli.errors import CommandError
from pixelprose.cli.images.entries import Entry, Unit, units
from pixelprose.cli.images.folder import file_entry, folder_entries
from pixelprose.cli.images.prefix import prefix_entries
from pixelprose.cli.images.unpack import has_images, tables, unpacked
from pixelprose.cli.report import Report
from pixelprose.cli.rows import SourceError
from pixelprose.cli.submit_options import SubmitOptions
from pixelprose.objectstore import S3Reader

_COMPRESSED = (".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2")


def is_images(name: str, column: str | None) -> bool:
    """Tell whether the name is a place of images rather than a list of URLs or a URL.

    Raises:
        SourceError: a shard that is compressed.
    """
    if name.lower().endswith(_COMPRESSED):
        raise SourceError(f"{name}: members of a compressed shard have no place; unpack it to .tar")
    if "://" in name:
        return name.startswith("s3://")
    path = Path(name)
    if path.is_dir() or path.suffix.lower() == ".tar":
        return True
    return path.is_file() and path.suffix in {".parquet", ".arrow"} and has_images(path, column)


def check_images(name: str, options: SubmitOptions) -> None:
    """Do nothing if the place can be looked at.

    Raises:
        SourceError: no such shard, or a data set without a folder for its images.
    """
    path = Path(name)
    if name.startswith("s3://"):
        return
    if path.suffix.lower() == ".tar" and not path.is_dir():
        file_entry(path)
    elif options.unpack_to is None and has_images(path, options.image_column):
        raise SourceError(
            f"{path}: a data set with an image column; --unpack-to FOLDER says where its images "
            "go, a folder that the ingester may read"
        )


def found_units(
    name: str, options: SubmitOptions, settings: ClientSettings | None, report: Report
) -> Iterator[Unit]:
    """Yield the units of a folder, prefix, shard or data set.

    Raises:
        CommandError: it can't be read.
    """
    if name.startswith("s3://"):
        yield from _of_prefix(name, options, settings)
        return
    path = Path(name)
    if path.suffix.lower() == ".tar" and not path.is_dir():
        yield from units([file_entry(path)], options.columns)
    elif has_images(path, options.image_column):
        yield from units(_unpacked(path, options, report), options.columns)
    else:
        yield from units(folder_entries(path), options.columns)


def _unpacked(path: Path, options: SubmitOptions, report: Report) -> Iterator[Entry]:
    assert options.unpack_to is not None  # noqa: S101 - `check_images` looked
    for table in tables(path):
        found = unpacked(table, options.unpack_to, column=options.image_column)
        if found is not None:
            for bad in found.bad:
                report.on_bad(bad)
            yield found.shard


def _of_prefix(
    name: str, options: SubmitOptions, settings: ClientSettings | None
) -> Iterator[Unit]:
    server = None if settings is None else settings.submit.s3 or settings.store
    if server is None:
        raise CommandError(f"{name}: where is the store? Set submit.s3, or the section store")
    bucket, _, prefix = name.removeprefix("s3://").partition("/")
    reader = S3Reader(server.model_copy(update={"bucket": bucket}))
    try:
        yield from units(prefix_entries(reader, bucket, prefix), options.columns)
    finally:
        reader.close()
