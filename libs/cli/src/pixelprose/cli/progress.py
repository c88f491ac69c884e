"""What people watch while something takes time."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from pixelprose.cli.choices import Output
from pixelprose.records.counted import counted

if TYPE_CHECKING:
    from pixelprose.embedded import FetchProgress, JarCache


def aside(output: Output, console: Console) -> Console:
    """Return where progress goes: beside an answer for programs, on standard error."""
    return Console(stderr=True) if output is Output.JSON else console


def looking(console: Console, what: str = "Looking") -> AbstractContextManager[object]:
    """Return a spinner for what takes seconds and can't be counted; it leaves nothing behind.

    What is printed to `console` meanwhile stands above it. Without a terminal it is silent.
    """
    return console.status(f"{what} ...") if console.is_terminal else nullcontext()


def waiting(what: str) -> AbstractContextManager[object]:
    """Return the same on standard error, where it is in nobody's way."""
    return looking(Console(stderr=True), what)


def bar(console: Console) -> Progress:
    """Return a progress bar that counts."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def fetch_jars(jars: "JarCache", console: Console) -> None:
    """Fetch what is missing of Kafka and the S3 server, having said how much it is.

    Raises:
        EmbeddedError: nothing to fetch from, a wrong checksum, or a full disk.
    """
    from pixelprose.embedded import load_lock  # noqa: PLC0415 - an extra, for `up` and `demo` alone

    locks = (load_lock("kafka"), load_lock("s3"))
    missing = jars.missing(*locks)
    if not missing:
        return
    size = sum(jar.size_bytes for jar in missing)
    console.print(
        f"Fetching Kafka and the S3 server once: {counted(len(missing), 'jar')}, "
        f"{size / 1e6:.0f} MB."
    )
    with Progress(
        TextColumn("jars"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console
    ) as progress:
        task = progress.add_task("jars", total=size)
        jars.fetch(*locks, on_progress=_onto(progress, task))


def _onto(progress: Progress, task: object) -> "Callable[[FetchProgress], None]":
    def show(now: "FetchProgress") -> None:
        progress.update(task, completed=now.done_bytes)  # type: ignore[arg-type]

    return show
