"""All of a schedule follows from its seed, and it holds what it promises."""

from collections import Counter

from chaos.canary.code import is_unsafe
from chaos.faults import KINDS
from chaos.nemesis import chosen
from chaos.plan import SHARES, plan
from chaos.scenes import served
from chaos.web import FickleWeb
from pixelprose.demoworld.answers import Body, answer


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


def test_the_fickle_web_answers_once_and_then_otherwise() -> None:
    web = FickleWeb()
    assert web("/gone-later/scene/7.jpg") == answer("/scene/7.jpg")
    gone = web("/gone-later/scene/7.jpg")
    assert isinstance(gone, Body)
    assert gone.status == 404
    assert web("/other-later/8/scene/7.jpg") == answer("/scene/7.jpg")
    assert web("/other-later/8/scene/7.jpg") == answer("/scene/8.jpg")
    assert (web.fickle(), web.changed()) == (2, 2)


def test_the_served_bytes_are_those_of_the_site() -> None:
    planned = [one for one in plan(3, submissions=12) if one.kind in {"image", "unsafe"}]
    hashed = {one.scene for one in served(planned)}
    assert hashed == {scene for one in planned for scene in one.scenes}
