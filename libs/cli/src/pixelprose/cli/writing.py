"""Writing results to standard output until its reader has had enough."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType


class ReaderLeft(Exception):
    """Whoever read our output (`| head`) wants no more of it."""


class Writer:
    """Prints lines, or what `console` renders, and tells a reader that left from a fault."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, renderable: RenderableType) -> None:
        """Print for people.

        Raises:
            ReaderLeft: nobody reads any more.
        """
        with self._console.capture() as captured:
            self._console.print(renderable)
        self._write(captured.get())

    def line(self, text: str) -> None:
        """Print one line for programs. Raises as `show` does."""
        self._write(f"{text}\n")

    def flush(self) -> None:
        """Hand over what was printed. Raises as `show` does."""
        with _listening():
            sys.stdout.flush()

    def _write(self, text: str) -> None:
        with _listening():
            sys.stdout.write(text)


@contextmanager
def _listening() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        # Else the interpreter itself fails when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ReaderLeft from error
