"""`pixelprose export`: a table version as files for training, the same bytes each time."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from pixelprose.cli.lake_settings import open_lake
from pixelprose.cli.progress import bar
from pixelprose.curator.export import SHARD_ROWS, Export, Format, Request, Rows, begun, read_key
from pixelprose.curator.where import check_where
from pixelprose.records.counted import counted


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What was asked for on the command line; None takes the default."""

    out: Path
    where: str | None
    rows: Rows
    shard_rows: int | None
    version: int | None
    author_key: Path | None


def run_export(
    format_: Format, options: ExportOptions, config: Path | None, console: Console
) -> None:
    """Export, or go on with what was stopped."""
    key = read_key(options.author_key) if options.author_key else None
    with open_lake(config) as (lake, _):
        # A stopped export goes on with the version it began with, however far the table is now.
        version = options.version if options.version is not None else begun(options.out)
        table = lake.open("captions", version=version)
        check_where(table, options.where)
        request = Request(
            format=format_,
            version=table.version,
            where=options.where,
            rows=options.rows,
            shard_rows=options.shard_rows or SHARD_ROWS[format_],
            author_key=key.fingerprint if key else None,
        )
        with bar(console) as progress:
            task = progress.add_task(f"version {table.version}", total=None)
            manifest = Export(table, request, options.out, key).run(
                lambda done, total: progress.update(task, completed=done, total=total)
            )
    missing = manifest["missing_images"]
    console.print(
        f"{counted(manifest['rows'], 'row')} of {counted(len(manifest['sources']), 'source')} in "
        f"{counted(len(manifest['files']), 'file')}; checksums are in "
        f"{options.out / 'manifest.json'}."
    )
    if missing:
        console.print(
            "[yellow]Left out, since their image is not in the store any more: "
            f"{counted(missing, 'row')}, listed in the manifest.[/]"
        )
