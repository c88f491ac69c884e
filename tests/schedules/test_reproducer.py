"""A schedule that fails says what to look at, and how to run it again."""

import re

import pytest
from hypothesis.errors import DidNotReproduce
from tests.mutations.bugs import GuessesEarliest
from tests.schedules.explore import again, explore
from tests.schedules.group import Group
from tests.schedules.machines import MACHINES


class Guessing(Group):
    log_class = GuessesEarliest


def test_a_failing_schedule_is_printed_short_with_its_check_its_place_and_a_way_to_rerun_it() -> (
    None
):
    found = explore(Guessing, schedules=20, start=0)
    told = found.told("group", again="make schedules MACHINE=group N=20 SEED=0")
    assert "    state.start(records=[])\n    state.a_position_is_lost(lane=0)\n" in told
    assert "AssertionError: a position was guessed\n" in told
    assert re.search(
        r"^    tests/schedules/group\.py:\d+ in a_position_is_lost: assert ", told, re.M
    )
    assert "hypothesis" not in told
    assert told.endswith("make schedules MACHINE=group N=20 SEED=0")
    (blob,) = re.findall(r"make schedules MACHINE=group BLOB=(\S+)", told)
    assert again(Guessing, blob=blob).told("group") in told
    with pytest.raises(DidNotReproduce):
        again(MACHINES["group"], blob=blob)


def test_a_schedule_that_fails_and_then_does_not_come_to_its_end_tells_the_first_failure() -> None:
    class FailsTwice(Guessing):
        def teardown(self) -> None:
            raise AssertionError("a later one")

    class FailsAtTheEnd(Group):
        def teardown(self) -> None:
            raise AssertionError("the only one")

    assert str(explore(FailsTwice, schedules=20, start=0, shrink=False).error) == (
        "a position was guessed"
    )
    assert str(explore(FailsAtTheEnd, schedules=20, start=0, shrink=False).error) == "the only one"
