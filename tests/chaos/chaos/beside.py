"""Work in a thread of its own, whose failure is not lost with it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run `work` until the block ends, which it is told by the event.

    Raises whatever `work` raised, unless the block failed already.
    """
    stopping = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        ended = threads.submit(work, stopping)
        try:
            yield
        finally:
            stopping.set()
        ended.result()
