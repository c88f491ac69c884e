"""All of a schedule follows from its seed, and it holds what it promises."""

from collections import Counter
from pathlib import Path
from typing import cast

import pytest

from chaos import quick_retries
from chaos.canary.code import is_unsafe
from chaos.faults import KINDS, LONG
from chaos.nemesis import beside_of, chosen
from chaos.pipeline import RETRY_TOPICS
from chaos.plan import MOST_BUSY, SHARES, plan
from chaos.scenes import served
from chaos.settings import Run
from chaos.web import FickleWeb
from pixelprose.demoworld.answers import Body, answer
from pixelprose.records import topic_list


def test_a_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan(7, submissions=200) == plan(7, submissions=200)
    assert plan(7, submissions=200) != plan(8, submissions=200)


def test_a_plan_has_every_kind_and_some_submissions_twice() -> None:
    planned = plan(3, submissions=300)
    assert set(Counter(one.kind for one in planned)) == set(SHARES)
    numbers = Counter(one.number for one in planned)
    assert len(numbers) == 300
    assert 0 < sum(times == 2 for times in numbers.values()) < 60


def test_only_scenes_planned_as_unsafe_are_unsafe_and_twins_have_a_first() -> None:
    planned = plan(3, submissions=300)
    for one in planned:
        assert all(is_unsafe(scene) == (one.kind == "unsafe") for scene in one.scenes)
    images = {one.scenes for one in planned if one.kind == "image"}
    assert all(one.scenes in images for one in planned[20:] if one.kind == "twin")


def test_two_schedules_never_show_the_same_scene() -> None:
    first, second = ({s for one in plan(n, submissions=300) for s in one.scenes} for n in (1, 2))
    assert not first & second


def test_every_kind_of_fault_comes_before_one_comes_again_but_for_the_frequent() -> None:
    kinds = [kind for seed in range(40) for kind in chosen(seed, faults=12)]
    assert set(kinds) == set(KINDS)
    assert all(len(chosen(seed, faults=12)) == 12 for seed in range(40))
    assert chosen(5, faults=12) == chosen(5, faults=12)


def test_every_third_schedule_has_a_stop_past_every_time_out() -> None:
    every = Run(Path(), seed=1, schedules=9).long_stop_every
    drawn = [beside_of(seed, long_stop_every=every) for seed in range(1, 10)]
    assert [kinds for kinds in drawn if kinds] == [("stop_long",)] * 3
    assert set(LONG) == {"stop_long"}


def test_the_fickle_web_answers_once_and_then_otherwise() -> None:
    web = FickleWeb()
    assert web("/gone-later/scene/7.jpg") == answer("/scene/7.jpg")
    gone = web("/gone-later/scene/7.jpg")
    assert isinstance(gone, Body)
    assert gone.status == 404
    assert web("/other-later/8/scene/7.jpg") == answer("/scene/7.jpg")
    assert web("/other-later/8/scene/7.jpg") == answer("/scene/8.jpg")
    assert (web.fickle(), web.changed()) == (2, 2)


def test_a_busy_url_answers_so_often_and_then_as_it_should() -> None:
    web = FickleWeb()
    answers = [web("/busy/2/scene/7.jpg") for _ in range(3)]
    assert [one.status for one in answers if isinstance(one, Body)] == [503, 503, 200]
    assert answers[2] == answer("/scene/7.jpg")
    assert web.changed() == 0
    assert len(RETRY_TOPICS) > MOST_BUSY


def test_retry_tiers_of_seconds_are_those_of_the_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    tiers = cast("dict[str, int]", topic_list().retries.tiers)
    for name, seconds in dict(tiers).items():
        monkeypatch.setitem(tiers, name, seconds)
    quick_retries.hurry()
    assert [(one.topic, one.seconds) for one in topic_list().retry_tiers("ingester")] == list(
        zip(RETRY_TOPICS, quick_retries.SECONDS, strict=True)
    )


def test_the_served_bytes_are_those_of_the_site() -> None:
    planned = [one for one in plan(3, submissions=12) if one.kind in {"image", "unsafe"}]
    hashed = {one.scene for one in served(planned)}
    assert hashed == {scene for one in planned for scene in one.scenes}
