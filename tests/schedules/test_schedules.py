"""A slice of the schedules; `make schedules` runs as many as you like."""

import pytest
from tests.schedules.explore import explore
from tests.schedules.machines import MACHINES, SLICE


@pytest.mark.parametrize("name", MACHINES)
def test_no_schedule_of_faults_loses_or_doubles_anything(name: str) -> None:
    found = explore(MACHINES[name], schedules=SLICE[name], start=0)
    again = f"make schedules MACHINE={name} N={SLICE[name]} SEED=0"
    assert found.error is None, found.told(name, again=again)
    assert found.schedules >= SLICE[name]
