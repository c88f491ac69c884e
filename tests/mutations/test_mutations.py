"""The tests are tested: each known bug, put back, is caught within what `make test` runs.

That the code as it is passes the same schedules is what `tests/schedules/test_schedules.py` shows.
"""

import pytest
from tests.mutations.table import MUTATIONS, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_known_bug_is_caught(mutation: Mutation) -> None:
    assert mutation.caught() is not None
