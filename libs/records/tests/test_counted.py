import pytest

from pixelprose.records.counted import counted


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 bad rows"), (1, "1 bad row"), (2, "2 bad rows"), (12_345, "12,345 bad rows")],
)
def test_one_is_one_and_all_others_are_many(number: int, said: str) -> None:
    assert counted(number, "bad row") == said
