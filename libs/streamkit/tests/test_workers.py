import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from threading import Barrier, Event, current_thread

import pytest

from pixelprose.streamkit import (
    Async,
    Batches,
    Emit,
    Inline,
    Outcome,
    Skip,
    Threads,
    Unavailable,
    Worker,
)

SECONDS = 10.0


def half(record: int) -> Outcome[int]:
    if record % 2:
        raise ValueError(record)
    return Emit((record // 2,))


async def half_async(record: int) -> Outcome[int]:
    await asyncio.sleep(0)
    return half(record)


def halves(records: Sequence[int]) -> Sequence[Outcome[int]]:
    return [half(record) for record in records]


WORKERS: dict[str, Callable[[], Worker[int, int]]] = {
    "inline": lambda: Inline(half),
    "threads": lambda: Threads(half, count=2),
    "async": lambda: Async(half_async, limit=2),
    "batches": lambda: Batches(halves, size=3, linger_seconds=0.001),
}


@pytest.mark.parametrize("name", WORKERS)
def test_every_worker_gives_each_record_its_own_outcome_or_error(name: str) -> None:
    worker = WORKERS[name]()
    futures = [worker.submit(number) for number in range(10)]
    for number, future in enumerate(futures):
        if number % 2:
            with pytest.raises(ValueError, match=str(number)):
                future.result()
        else:
            assert future.result() == Emit((number // 2,))
    worker.close()


def test_threads_work_at_the_same_time() -> None:
    together = Barrier(3, timeout=SECONDS)

    def meet(_: int) -> Outcome[int]:
        together.wait()
        return Skip("met")

    worker = Threads(meet, count=3)
    assert [f.result(SECONDS) for f in [worker.submit(n) for n in range(3)]] == [Skip("met")] * 3
    worker.close()


def test_async_runs_many_at_a_time_and_no_more_than_its_limit() -> None:
    running = most = 0
    together = asyncio.Barrier(4)

    async def step(_: int) -> Outcome[int]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await together.wait()
        running -= 1
        return Skip("done")

    worker = Async(step, limit=4)
    for future in [worker.submit(n) for n in range(20)]:
        future.result(SECONDS)
    worker.close()
    assert most == 4


def test_async_opens_in_its_loop_before_the_first_record_and_closes_after_the_last() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def session() -> AsyncIterator[None]:
        events.append(f"open in {current_thread().name}")
        yield
        events.append("close")

    async def step(_: int) -> Outcome[int]:
        events.append("step")
        try:
            await asyncio.Event().wait()
        finally:
            events.append("cancelled")
        return Skip("never")

    worker = Async(step, opened=session())
    future = worker.submit(1)
    while "step" not in events:
        pass
    worker.close()
    assert future.cancelled()
    assert events == ["open in event-loop", "step", "cancelled", "close"]


def test_async_does_not_start_when_it_can_not_open() -> None:
    @asynccontextmanager
    async def session(address: str | None) -> AsyncIterator[None]:
        if address is None:
            raise Unavailable("registry")
        yield

    with pytest.raises(Unavailable, match="registry"):
        Async(half_async, opened=session(None))


def test_batches_fill_by_size() -> None:
    begin = Event()
    sizes: list[int] = []

    def step(records: Sequence[int]) -> Sequence[Outcome[int]]:
        begin.wait(SECONDS)
        sizes.append(len(records))
        return [Skip("done")] * len(records)

    worker = Batches(step, size=4, linger_seconds=SECONDS)
    futures = [worker.submit(n) for n in range(8)]
    begin.set()
    for future in futures:
        future.result(SECONDS)
    worker.close()
    assert sizes == [4, 4]


def test_batches_do_not_wait_longer_than_they_linger() -> None:
    worker = Batches(halves, size=1_000, linger_seconds=0.01)
    assert worker.submit(4).result(SECONDS) == Emit((2,))
    worker.close()


def test_a_batch_without_its_dependency_is_not_tried_one_by_one() -> None:
    calls: list[int] = []

    def step(records: Sequence[int]) -> Sequence[Outcome[int]]:
        calls.append(len(records))
        raise Unavailable("vllm")

    worker = Batches(step, size=2, linger_seconds=SECONDS)
    futures = [worker.submit(n) for n in range(2)]
    assert all(isinstance(f.exception(SECONDS), Unavailable) for f in futures)
    worker.close()
    assert calls == [2]


def test_too_few_outcomes_fail_the_records_one_by_one() -> None:
    def step(_: Sequence[int]) -> Sequence[Outcome[int]]:
        return [Skip("one")]

    worker = Batches(step, size=2, linger_seconds=SECONDS)
    assert [f.result(SECONDS) for f in [worker.submit(1), worker.submit(2)]] == [Skip("one")] * 2
    worker.close()


def test_a_cancelled_record_is_left_out_of_its_batch() -> None:
    begin = Event()
    seen: list[int] = []

    def step(records: Sequence[int]) -> Sequence[Outcome[int]]:
        begin.wait(SECONDS)
        seen.extend(records)
        return [Skip("done")] * len(records)

    worker = Batches(step, size=1, linger_seconds=0)
    first, dropped, last = (worker.submit(n) for n in range(3))
    cancelled: Future[Outcome[int]] = dropped
    assert cancelled.cancel()
    begin.set()
    first.result(SECONDS)
    last.result(SECONDS)
    worker.close()
    assert seen == [0, 2]
