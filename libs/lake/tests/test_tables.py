from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, ClassVar

import pyarrow as pa
import pytest
from msgspec import Meta

from pixelprose.lake import PIXELPROSE_28, TABLES, CaptionRow, TableSpec, columns_of, table_named
from pixelprose.lake.arrow import arrow_table
from pixelprose.lake.reference import reference
from pixelprose.records import Group, Rights

ROOT = Path(__file__).parents[3]
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


class Nested(Group, frozen=True, kw_only=True):
    number: int
    words: tuple[str, ...]


class Everything(Group, frozen=True, kw_only=True):
    name: Annotated[str, Meta(description="A name.")]
    maybe: float | None
    day: date
    at: datetime
    one: Nested
    several: tuple[Nested, ...]
    scores: dict[str, float]
    sometimes: Nested | None
    box: tuple[float, float]


def everything(number: int, sometimes: Nested | None) -> Everything:
    nested = Nested(number=number, words=("a",) * number)
    return Everything(
        name=f"n{number}",
        maybe=None if number % 2 else 0.5,
        day=date(2026, 1, 2),
        at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        one=nested,
        several=(nested,) * number,
        scores={"a": 1.0} if number else {},
        sometimes=sometimes,
        box=(0.0, 1.0),
    )


@pytest.mark.parametrize("sometimes", [None, Nested(number=1, words=("b",))])
def test_rows_become_columns_and_come_back_as_they_were(sometimes: Nested | None) -> None:
    rows = [everything(number, sometimes if number else None) for number in range(3)]
    table = arrow_table(Everything, rows)
    table.validate(full=True)
    found = table.to_pylist()
    assert [row["one"] for row in found] == [
        {"number": row.one.number, "words": list(row.one.words)} for row in rows
    ]
    assert [len(row["several"]) for row in found] == [0, 1, 2]
    assert found[2]["scores"] == [("a", 1.0)]
    assert found[0]["scores"] == []
    assert found[1]["maybe"] is None
    assert found[1]["at"] == rows[1].at
    assert (found[1]["sometimes"] is None) == (sometimes is None)
    assert found[0]["sometimes"] is None


def test_no_rows_are_an_empty_table() -> None:
    assert arrow_table(Everything, []).num_rows == 0


def test_a_type_without_counterpart_is_refused() -> None:
    class Odd(Group, frozen=True):
        odd: complex

    with pytest.raises(TypeError, match="complex"):
        arrow_table(Odd, [])


def test_only_what_may_be_absent_is_nullable() -> None:
    schema = arrow_table(Everything, []).schema
    assert [field.name for field in schema if field.nullable] == ["maybe", "sometimes"]


@each_table
def test_every_column_is_documented_by_a_sentence(table: TableSpec) -> None:
    columns = columns_of(table.row)
    assert [column for column in columns if not column.doc.endswith(".")] == []
    assert {column.path for column in columns} >= set(table.schema.names)


@each_table
def test_what_null_means_is_said_of_every_column_that_may_be_null(table: TableSpec) -> None:
    unsaid = [
        column.path
        for column in columns_of(table.row)
        if column.nullable and "null" not in column.doc
    ]
    assert unsaid == []


def test_a_column_that_is_documented_nowhere_is_refused() -> None:
    class Silent(Group, frozen=True):
        taken_from: ClassVar[type[Group]] = Rights
        unheard_of: str

    with pytest.raises(KeyError):
        columns_of(Silent)


@each_table
def test_statistics_and_filters_stand_on_keys_times_and_codes_alone(table: TableSpec) -> None:
    plain = {field.name for field in table.schema if not pa.types.is_nested(field.type)}
    assert plain > set(table.statistics) >= set(table.looked_up)
    assert plain > set(table.sort_by)
    assert not {"url", "alt_text", "caption", "text", "detail"} & set(table.statistics)


def test_the_reference_in_docs_is_current() -> None:
    written = (ROOT / "docs/reference/tables.md").read_text(encoding="utf-8")
    assert written == reference(), "run `make reference`"


def test_all_of_pixelprose_has_a_counterpart() -> None:
    assert len(PIXELPROSE_28) == len({one.name for one in PIXELPROSE_28}) == 28
    paths = {column.path for column in columns_of(CaptionRow)}
    for one in PIXELPROSE_28:
        assert one.sql or any(f"`{path}`" in one.note for path in paths), one.name


def test_a_table_is_found_by_its_name() -> None:
    assert [table_named(table.name) for table in TABLES] == list(TABLES)
    with pytest.raises(KeyError):
        table_named("unheard_of")
