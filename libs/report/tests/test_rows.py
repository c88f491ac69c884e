import pytest

from pixelprose.report.testing import a_row


@pytest.mark.parametrize(
    "column",
    ["newer", "rights__newer", "source__fetch__newer", "caption__model__newer", "safety__newer"],
)
def test_columns_of_a_newer_table_are_not_read(column: str) -> None:
    assert a_row(1, **{column: "unheard of"}) == a_row(1)
