"""The worker for steps written as coroutines: one event loop in a thread of its own."""

import asyncio
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, nullcontext
from threading import Thread
from typing import Generic

from pixelprose.streamkit.outcome import Outcome
from pixelprose.streamkit.worker import AsyncStep, I, O


class Async(Generic[I, O]):
    """Run at most `limit` coroutines at a time.

    `opened` (an HTTP session, say) is entered in the loop before the first record and left after
    the last; what it raises on entering is raised here.
    """

    def __init__(
        self,
        step: AsyncStep[I, O],
        *,
        limit: int = 1000,
        opened: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        self._step = step
        self._free = asyncio.Semaphore(limit)
        self._opened = opened or nullcontext()
        self._closed = asyncio.Event()
        self._entered: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = Thread(target=self._run, name="event-loop", daemon=True)
        self._thread.start()
        self._loop = self._entered.result()

    def submit(self, record: I, /) -> Future[Outcome[O]]:
        """Begin the coroutine as soon as fewer than `limit` run."""
        return asyncio.run_coroutine_threadsafe(self._limited(record), self._loop)

    def close(self) -> None:
        """Cancel what is in flight, leave `opened`, end the loop."""
        self._loop.call_soon_threadsafe(self._closed.set)
        self._thread.join()

    async def _limited(self, record: I) -> Outcome[O]:
        async with self._free:
            return await self._step(record)

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            if self._entered.done():
                raise
            self._entered.set_exception(error)

    async def _live(self) -> None:
        async with self._opened:
            self._entered.set_result(asyncio.get_running_loop())
            await self._closed.wait()
            abandoned = asyncio.all_tasks() - {asyncio.current_task()}
            for task in abandoned:
                task.cancel()
            await asyncio.gather(*abandoned, return_exceptions=True)
