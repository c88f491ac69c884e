"""Fuse, backoff and flow: pure decisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.streamkit import RunnerSettings, TopicPartition
from pixelprose.streamkit.backoff import Backoff
from pixelprose.streamkit.flow import Flow
from pixelprose.streamkit.fuse import Fuse

A, B = TopicPartition("in", 0), TopicPartition("in", 1)


def test_the_fuse_blows_after_so_many_in_a_row() -> None:
    fuse = Fuse(in_a_row=3, share=1.0, window=100)
    assert [fuse.failed(), fuse.failed()] == [None, None]
    fuse.succeeded()
    assert [fuse.failed(), fuse.failed()] == [None, None]
    assert fuse.failed() == "3 dead letters in a row"


def test_the_fuse_blows_at_too_large_a_share_of_a_full_window() -> None:
    fuse = Fuse(in_a_row=100, share=0.5, window=4)
    fuse.succeeded()
    assert fuse.failed() is None
    fuse.succeeded()
    assert fuse.failed() == "2 dead letters among the last 4 records"


def test_a_window_that_is_not_full_blows_no_fuse() -> None:
    fuse = Fuse(in_a_row=100, share=0.1, window=50)
    assert [fuse.failed() for _ in range(49)] == [None] * 49


@given(st.lists(st.booleans(), max_size=200), st.integers(1, 20))
def test_the_share_is_that_of_the_last_records(ends: list[bool], window: int) -> None:
    fuse = Fuse(in_a_row=10_000, share=0.5, window=window)
    for number, failed in enumerate(ends, start=1):
        last = ends[max(0, number - window) : number]
        blown = len(last) == window and sum(last) >= window / 2
        if failed:
            assert (fuse.failed() is not None) == blown
        else:
            fuse.succeeded()


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_waits_grow_to_a_bound_and_are_never_zero(failures: int, chance: float) -> None:
    backoff = Backoff(first_seconds=0.1, longest_seconds=5, random=lambda: chance)
    assert 0 < backoff.wait_seconds(failures) <= min(5, 0.1 * 2 ** min(failures, 10))


def decide(
    flow: Flow, a: int, b: int, records: int = 0, *, held_back: bool = False
) -> tuple[set[object], set[object]]:
    pause, resume = flow.decide({A: a, B: b}, records=records, size=0, held_back=held_back)
    return set(pause), set(resume)


def test_what_is_held_back_pauses_whole_and_goes_on_when_let_go() -> None:
    flow = Flow(RunnerSettings())
    assert decide(flow, 0, 0, held_back=True) == ({A, B}, set())
    assert decide(flow, 0, 0, held_back=True) == (set(), set())
    assert decide(flow, 0, 0) == (set(), {A, B})


def test_a_full_partition_pauses_and_resumes_when_half_empty() -> None:
    flow = Flow(RunnerSettings(max_in_flight_per_partition=4))
    assert decide(flow, 4, 3) == ({A}, set())
    assert decide(flow, 3, 3) == (set(), set())
    assert decide(flow, 2, 3) == (set(), {A})


def test_all_pause_when_the_whole_is_full() -> None:
    flow = Flow(RunnerSettings(max_in_flight=10))
    assert decide(flow, 1, 1, records=10) == ({A, B}, set())
    assert decide(flow, 1, 1, records=6) == (set(), set())
    assert decide(flow, 1, 1, records=5) == (set(), {A, B})


def test_a_partition_that_comes_back_is_not_taken_for_paused() -> None:
    flow = Flow(RunnerSettings(max_in_flight_per_partition=1))
    decide(flow, 1, 0)
    assert flow.forget(A)
    assert not flow.forget(B)
    assert decide(flow, 0, 0) == (set(), set())


@pytest.mark.parametrize("name", ["max_in_flight", "commit_seconds", "fuse_share"])
def test_bounds_of_nothing_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        RunnerSettings.model_validate({name: 0})
