"""The demo: the whole pipeline on pictures whose truth is known."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live

from pixelprose.cli.counts import all_sunk
from pixelprose.cli.demo_config import hurried, sections, write_known_hashes
from pixelprose.cli.demo_summary import Figures, summarise, table_rows
from pixelprose.cli.errors import CommandError, WrongUsage
from pixelprose.cli.live import counts_table
from pixelprose.cli.local import READY_SECONDS, LocalConfig, LocalServices, initialise_locally
from pixelprose.cli.memory import PeakMemory
from pixelprose.cli.outcomes import OutcomeReader
from pixelprose.cli.progress import bar, fetch_jars, looking
from pixelprose.cli.report_command import ReportOptions, write_report
from pixelprose.cli.rows import SourceRow
from pixelprose.cli.scenario import Item, items, known_seeds
from pixelprose.cli.submit import Submitter
from pixelprose.cli.summary import Summary
from pixelprose.cli.supervisor import Supervisor
from pixelprose.demoworld import Site
from pixelprose.embedded import Stack, StackSettings, open_jars
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import RegistrySettings, Rights, SubmissionId

_KNOWN = 3
_TICK_SECONDS = 0.5
_FLUSHED_SECONDS = 10.0
"""By then the sinks, which flush every two seconds, have."""


class DemoFailed(CommandError):
    """The demo did not come to its end; the message says where it stood."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How large the demo is, and where its data lies."""

    out: Path
    images: int = 300
    seed: int = 1
    deadline_seconds: float = 900.0

    @property
    def report(self) -> Path:
        """Where the page lies that shows what was made."""
        return self.out / "report.html"


@dataclass(slots=True)
class Running:
    """What runs while the demo waits; tests reach in here to kill things."""

    stack: Stack
    services: LocalServices
    site: Site
    memory: PeakMemory

    @property
    def kafka(self) -> KafkaSettings:
        """How to reach the broker."""
        return KafkaSettings(bootstrap_servers=self.stack.kafka.bootstrap_servers)


Hook = Callable[[Running], None]


def run_demo(options: DemoOptions, console: Console, *, on_tick: Hook = lambda _: None) -> Summary:
    """Run the demo from nothing to its summary; whatever was started is stopped again.

    `on_tick` is called about twice a second while the pipeline works.

    Raises:
        DemoFailed: not every submission ended in time.
        EmbeddedError, ServiceFailed, NotReady: what could not start, and why.
    """
    began = time.monotonic()
    _make_room(options.out)
    with _running(options, console) as running:
        submitted = _submit(options, running, console)
        first = time.monotonic()
        reader = OutcomeReader(running.kafka, RegistrySettings())
        ended = _wait(options, running, reader, len(submitted), console, on_tick)
        figures = Figures(
            seconds=ended - first,
            total_seconds=time.monotonic() - began,
            peak_memory_bytes=running.memory.bytes,
        )
        with looking(console, "Stopping the services, summing up"):
            # The services end first: a drain leaves nothing behind, and the table is complete.
            running.services.supervisor.stop()
            rows = table_rows(running.stack.s3.access)
            summary = summarise(submitted, reader.outcomes, rows, figures)
            reader.close()
        write_report(ReportOptions(options.report), running.services.config.file, console)
    text = json.dumps(summary.document(), indent=2, default=str)
    (options.out / "summary.json").write_text(text + "\n", encoding="utf-8")
    return summary


def _make_room(out: Path) -> None:
    """Make the folder anew; only what a demo made is deleted."""
    made = (out / "summary.json").exists() or (out / "pixelprose.yaml").exists()
    if out.exists() and not made and (not out.is_dir() or any(out.iterdir())):
        raise WrongUsage(
            f"{out} holds something else than a demo, which would be deleted; "
            "name a new folder with --out"
        )
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)


@contextmanager
def _running(options: DemoOptions, console: Console) -> Iterator[Running]:
    settings = StackSettings(data_dir=options.out / "data")
    jars = open_jars(settings.cache_dir)
    fetch_jars(jars, console)
    stack = Stack(settings, jars=jars)
    with console.status("Starting Kafka and the S3 server"):
        stack.start()
    try:
        console.print(f"Kafka at {stack.kafka.bootstrap_servers}, S3 at {stack.s3.access.endpoint}")
        initialise_locally(KafkaSettings(bootstrap_servers=stack.kafka.bootstrap_servers))
        hashes = write_known_hashes(
            options.out / "known-hashes.csv", known_seeds(known=_KNOWN, seed=options.seed)
        )
        config = LocalConfig(stack, options.out, hurried(sections(hashes)))
        config.write()
        with Site() as site, Supervisor() as supervisor:
            services = LocalServices(supervisor, config)
            services.start()
            with console.status("Starting the five services (they load their models)"):
                services.wait_ready(
                    seconds=READY_SECONDS,
                    on_ready=lambda name: console.print(f"  {name} is ready"),
                )
            yield Running(stack, services, site, PeakMemory())
    finally:
        stack.stop()


def _submit(options: DemoOptions, running: Running, console: Console) -> dict[SubmissionId, Item]:
    listed = list(items(images=options.images, known=_KNOWN, seed=options.seed))
    submitter = Submitter(
        running.kafka, RegistrySettings(), source="demo", identity=f"demo-{options.seed}"
    )
    with bar(console) as progress:
        task = progress.add_task("Submitting", total=len(listed))
        return {
            submission: listed[number]
            for number, submission in submitter.submit(
                _rows(listed, running.site), on_sent=lambda: progress.advance(task)
            )
        }


def _rows(listed: Sequence[Item], site: Site) -> Iterator[SourceRow]:
    rights = Rights(licence="CC0-1.0", basis="declared")
    for number, item in enumerate(listed):
        url = site.url(item.path) if item.path.startswith("/") else item.path
        yield SourceRow(number, url, item.alt_text, rights, fields={})


def _told(running: Running, ended: float) -> bool:
    """Whether what is shown is the last there is to show; a killed process may have told less."""
    waited = time.monotonic() - ended > _FLUSHED_SECONDS
    return waited or all_sunk(running.services.counts.values())


def _wait(
    options: DemoOptions,
    running: Running,
    reader: OutcomeReader,
    expected: int,
    console: Console,
    on_tick: Hook,
) -> float:
    """Wait until all have ended, and the sinks have told of it; return when the last one ended."""
    deadline = time.monotonic() + options.deadline_seconds
    progress = bar(console)
    task = progress.add_task("Ended", total=expected)
    with Live(progress, console=console, refresh_per_second=4) as live:

        def look() -> int:
            reader.read(seconds=_TICK_SECONDS)
            running.memory.sample()
            running.services.refresh()
            on_tick(running)
            ended = len(reader.outcomes.ends.submissions())
            progress.update(task, completed=ended)
            counts, restarts = running.services.counts, running.services.supervisor.restarts()
            live.update(Group(counts_table(counts.values(), restarts), progress))
            return ended

        while (ended := look()) < expected:
            if time.monotonic() > deadline:
                raise DemoFailed(
                    f"{ended} of {expected} submissions ended within "
                    f"{options.deadline_seconds:.0f} s; the logs are in {options.out / 'logs'}"
                )
        last = time.monotonic()
        while not _told(running, last):
            look()
    if not console.is_terminal:
        console.print()  # in a file, nothing ends the line of the bar
    return last
