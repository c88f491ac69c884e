"""Rules that others wrote are judged in bounded steps, and not on the loop when these are many."""

import asyncio
import threading

import pytest

from pixelprose.ingester.manners.judging import HERE_STEPS, MOST_STEPS, Judging

pytestmark = pytest.mark.asyncio


async def test_what_is_short_is_judged_at_once_and_what_is_long_beside_the_loop() -> None:
    judging = Judging()
    here = threading.get_ident()
    assert await judging.of(threading.get_ident, steps=HERE_STEPS) == here
    assert await judging.of(threading.get_ident, steps=HERE_STEPS + 1) != here
    assert await judging.of(threading.get_ident, steps=MOST_STEPS) != here


async def test_what_would_take_longer_than_the_bound_is_not_begun() -> None:
    def judge() -> bool:
        raise AssertionError("begun")

    assert await Judging().of(judge, steps=MOST_STEPS + 1) is None


async def test_one_long_judgement_at_a_time_runs_beside_the_loop() -> None:
    judging, loop = Judging(), asyncio.get_running_loop()
    begun, go = asyncio.Event(), threading.Event()
    inside, most = 0, 0

    def judge() -> bool:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        loop.call_soon_threadsafe(begun.set)
        assert go.wait(10)
        inside -= 1
        return True

    asked = [asyncio.create_task(judging.of(judge, steps=MOST_STEPS)) for _ in range(8)]
    await begun.wait()
    assert await judging.of(lambda: True, steps=1)
    go.set()
    assert await asyncio.gather(*asked) == [True] * 8
    assert most == 1
