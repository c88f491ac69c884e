"""Ctrl-C and SIGTERM as a wish: what is in flight is finished and remembered first."""

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def asked_to_stop() -> Iterator[Event]:
    """Yield an event that the first signal sets; a second one of the kind ends at once."""
    asked = Event()
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.set()
        signal.signal(number, kept[signal.Signals(number)])

    for number in kept:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def until(asked: Event, items: Iterable[T]) -> Iterator[T]:
    """Yield items while nobody asks to stop; none is taken that is not yielded."""
    left = iter(items)
    while not asked.is_set():
        try:
            item = next(left)
        except StopIteration:
            return
        yield item
