"""`pixelprose submit`: lists of URLs, URLs, and images that lie in folders, stores and shards."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from rich.console import Console
from rich.progress import Progress

from pixelprose.cli.client_settings import ClientSettings, client_settings
from pixelprose.cli.dry_run import DryRun, NoMemory
from pixelprose.cli.feed import Feed, Memory, Sender, UnitFeed, send_list
from pixelprose.cli.images import Unit
from pixelprose.cli.images.found import check_images, found_units, is_images
from pixelprose.cli.presets import preset
from pixelprose.cli.progress import bar, looking
from pixelprose.cli.progress_file import Done, ProgressFile
from pixelprose.cli.report import Report, opened
from pixelprose.cli.rows import Columns, SourceError, row_of
from pixelprose.cli.sources import check_readable, count, rows
from pixelprose.cli.stopping import asked_to_stop
from pixelprose.cli.submit import Submitter, identity_of
from pixelprose.cli.submit_options import SubmitOptions
from pixelprose.cli.submitted_before import SubmittedBefore
from pixelprose.cli.watch import watched
from pixelprose.kafkalog import cluster_id
from pixelprose.streamkit import Stop

STATE = Path.home() / ".local" / "state" / "pixelprose" / "submit"
IMAGES = "images"
"""Identity of all images that are named by their URI: who names one again names the same."""

ALLOW = (
    "The ingester reads files and objects only where its settings ingester.sources.roots and "
    ".prefixes allow it."
)


def run_submit(
    what: list[str], config: Path | None, options: SubmitOptions, console: Console
) -> Report:
    """Submit everything that is named, and say how it went.

    Raises:
        SourceError: something can't be read as asked; nothing is submitted.
        CommandError: something broke off; what was read before it is submitted.
        SubmitFailed: the broker refused rows.
    """
    settings = _settings(config, options)
    report = Report(strict=options.strict, dry_run=options.dry_run)
    with ExitStack() as held:
        report.bad_file = opened(options.bad_rows)
        if report.bad_file is not None:
            held.enter_context(report.bad_file)
        asked = held.enter_context(asked_to_stop())
        run = _Run(settings, _resolved(options, settings), report, asked, console)
        run.submit(what)
    report.show(console)
    if run.images and report.nothing:
        console.print("[yellow]No image was found there.[/]")
    elif run.images:
        console.print(ALLOW, style="dim", highlight=False)
    return report


def _settings(config: Path | None, options: SubmitOptions) -> ClientSettings | None:
    """The settings; a dry run does without a cluster."""
    try:
        return client_settings(config)
    except Stop:
        if options.dry_run and config is None:
            return None
        raise


def _resolved(options: SubmitOptions, settings: ClientSettings | None) -> SubmitOptions:
    """The options with the preset's source and columns in place."""
    if options.preset is None:
        return options
    key = None if settings is None else settings.submit.author_key
    chosen = preset(options.preset)
    columns = chosen.columns(author_key=None if key is None else key.get_secret_value().encode())
    source = chosen.source if options.source == SubmitOptions().source else options.source
    return replace(options, source=source, columns=columns)


@dataclass(slots=True)
class _Run:
    settings: ClientSettings | None
    options: SubmitOptions
    report: Report
    asked: Event
    console: Console
    images: bool = False

    def submit(self, what: list[str]) -> None:
        """Lists first, then single URLs, then images."""
        column = self.options.image_column
        images = [name for name in what if is_images(name, column)]
        if self.options.every_seconds is not None and images != what:
            raise SourceError("--watch looks at folders and s3:// prefixes alone")
        loose = [name for name in what if "://" in name and name not in images]
        files = [Path(name) for name in what if name not in images and name not in loose]
        for path in files:
            if not path.is_file():
                raise SourceError(
                    f"{path}: no such file or folder; a URL to submit begins with http:// or "
                    "https://, a prefix with s3://"
                )
            with looking(self.console, f"Looking at {path.name}"):
                check_readable(path, self.options.columns)
        for name in images:
            check_images(name, self.options)
        for path in files:
            self._list(path)
        if loose:
            self._urls(loose)
        if images:
            self.images = True
            self._images(images)

    def _list(self, path: Path) -> None:
        columns = self.options.columns
        with looking(self.console, f"Reading {path.name}"):
            identity = f"{identity_of(path)}-{columns.fingerprint()[:16]}"
            total = count(path)
        kept = self._progress_file(identity)
        done, bad = kept.read() if kept else Done(), self.report.bad
        with bar(self.console) as progress:
            task = progress.add_task(path.name, total=total, completed=done.rows)
            feed = self._feed(identity, lambda: progress.advance(task))

            def note(count: int) -> None:
                # What has bad rows alone says so each time: its mended copy is another file.
                if kept and feed.report.submitted:
                    kept.write(Done(count, done.bad + feed.report.bad - bad))

            send_list(rows(path, columns), feed, done=done.rows, on_done=note)
        self.report.before += done.rows - done.bad
        self.report.bad_before += done.bad

    def _urls(self, loose: list[str]) -> None:
        # Naming a URL is an act of its own each time: another identity, another submission.
        feed = self._feed(uuid.uuid4().hex, lambda: None)
        columns = Columns()
        with looking(self.console, "Submitting"):
            feed.send(row_of(n, url, {"url": url}, columns) for n, url in enumerate(loose))

    def _images(self, names: list[str]) -> None:
        with bar(self.console) as progress, ExitStack() as held:
            memory: Memory = NoMemory()
            if not self.options.dry_run:
                cluster = cluster_id(self._needed().kafka)
                kept = SubmittedBefore(STATE, cluster=cluster)
                held.callback(kept.close)
                memory = kept
            task = progress.add_task("Submitting", total=None)
            sending = UnitFeed(self._feed(IMAGES, lambda: progress.advance(task)), memory)

            def scan() -> Iterator[Unit]:
                for name in names:
                    yield from found_units(name, self.options, self.settings, self.report)

            if self.options.every_seconds is None:
                sending.send(sending.pick(scan()))
            else:
                self._watch(scan, sending, progress, self.options.every_seconds)

    def _watch(
        self,
        scan: Callable[[], Iterator[Unit]],
        sending: UnitFeed,
        progress: Progress,
        every_seconds: float,
    ) -> None:
        task = progress.add_task("Waiting to settle", total=None)
        watched(
            scan,
            sending,
            wait=lambda: self.asked.wait(every_seconds),
            on_scan=lambda waiting: progress.update(task, completed=waiting),
        )
        self.report.interrupted = False  # Ctrl-C is how watching ends

    def _feed(self, identity: str, on_sent: Callable[[], None]) -> Feed:
        return Feed(self._sender(identity), self.report, self.asked, self.options.limit, on_sent)

    def _sender(self, identity: str) -> Sender:
        if self.options.dry_run:
            return DryRun(self.console)
        settings = self._needed()
        return Submitter(
            settings.kafka, settings.registry, source=self.options.source, identity=identity
        )

    def _progress_file(self, identity: str) -> ProgressFile | None:
        if self.options.dry_run:
            return None
        return ProgressFile(STATE, identity=identity, cluster=cluster_id(self._needed().kafka))

    def _needed(self) -> ClientSettings:
        assert self.settings is not None  # noqa: S101 - only a dry run goes without
        return self.settings
