"""`pixelprose submit`: files and URLs, with a progress bar."""

import uuid
from itertools import islice
from pathlib import Path

from rich.console import Console

from pixelprose.cli.client_settings import ClientSettings, client_settings
from pixelprose.cli.progress import bar
from pixelprose.cli.progress_file import ProgressFile
from pixelprose.cli.sources import Columns, SourceError, SourceRow, count, rows
from pixelprose.cli.submit import Submitter, identity_of
from pixelprose.kafkalog import cluster_id

STATE = Path.home() / ".local" / "state" / "pixelprose" / "submit"
_CHUNK_ROWS = 10_000


def run_submit(
    urls: list[str], config: Path | None, source: str, columns: Columns, console: Console
) -> None:
    """Submit every file and URL that is named."""
    settings = client_settings(config)
    loose = [url for url in urls if "://" in url]
    for name in urls:
        if name not in loose:
            _submit_file(Path(name), settings, source, columns, console)
    if loose:
        # Naming a URL is an act of its own each time: another identity, another submission.
        submitter = Submitter(
            settings.kafka, settings.registry, source=source, identity=uuid.uuid4().hex
        )
        listed = [
            SourceRow(number=n, url=url, alt_text=None, licence=None, fields={})
            for n, url in enumerate(loose)
        ]
        sent = sum(1 for _ in submitter.submit(listed, on_sent=lambda: None))
        console.print(f"{sent} URLs submitted.")


def _submit_file(
    path: Path, settings: ClientSettings, source: str, columns: Columns, console: Console
) -> None:
    if not path.is_file():
        raise SourceError(f"{path}: no such file; a URL to submit begins with http:// or https://")
    identity = identity_of(path)
    kept = ProgressFile(STATE, identity=identity, cluster=cluster_id(settings.kafka))
    done = kept.rows()
    submitter = Submitter(settings.kafka, settings.registry, source=source, identity=identity)
    left = islice(rows(path, columns), done, None)
    total, first = done, done
    with bar(console) as progress:
        task = progress.add_task(path.name, total=count(path), completed=done)
        while chunk := list(islice(left, _CHUNK_ROWS)):
            for _ in submitter.submit(chunk, on_sent=lambda: progress.advance(task)):
                total += 1
            kept.write(total)
    before = f" ({first:,} were submitted before)" if first else ""
    console.print(f"{path}: {total - first:,} rows submitted{before}.")
