"""The tests are tested: each known bug, put back, is caught, and the code as it is passes."""

import pytest
from tests.mutations.table import CONTROLS, MUTATIONS, InSchedules, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_known_bug_is_caught(mutation: Mutation) -> None:
    assert mutation.caught() is not None


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_the_code_as_it_is_passes_the_same_check(control: InSchedules) -> None:
    assert control.caught() is None
