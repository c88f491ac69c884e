"""Progress that shows up only when something takes longer than people wait for gladly."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

PATIENCE_SECONDS: Final = 2.0


class Slowly:
    """Counts, and shows a bar for each thing that is counted once two seconds have passed."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            transient=True,
            # What is printed meanwhile goes where it belongs.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._clock = clock
        self._began = clock()

    @property
    def visible(self) -> bool:
        """Whether it has come to showing anything."""
        return self._progress.live.is_started

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hide()

    def hide(self) -> None:
        """Show nothing for the next two seconds: something else is printed."""
        if self.visible:
            self._progress.stop()
        self._began = self._clock()

    def __call__(self, what: str, total: int) -> Callable[[int], None]:
        """Return what counts `what`, of which there are `total`."""
        task: TaskID = self._progress.add_task(what, total=total)

        def advance(count: int) -> None:
            self._progress.advance(task, count)
            if not self.visible and self._clock() - self._began >= PATIENCE_SECONDS:
                self._progress.start()

        return advance
