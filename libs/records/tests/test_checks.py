"""`schemas check` passes what lies in `schemas/`, and refuses whatever is wrong with it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pixelprose.records.__main__ import main
from pixelprose.records.checks import problems
from pixelprose.records.compatibility import incompatibilities
from pixelprose.records.files import SchemaFolder, packaged
from pixelprose.records.ids import released_ids, schema_ids
from pixelprose.records.releasing import assign, release

Edit = Callable[[dict[str, Any]], object]

TEXT = {"name": "later", "type": "string", "doc": "Added later."}


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A copy of the folder, free to be broken."""
    return Path(shutil.copytree(packaged().root, tmp_path / "schemas"))


def edit(root: Path, file: str, change: Edit) -> None:
    schema = json.loads((root / file).read_text())
    change(schema)
    (root / file).write_text(json.dumps(schema))


def replace(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new))


def says(root: Path, part: str) -> bool:
    found = problems(root)
    assert any(part in problem for problem in found), found
    return True


def sound(root: Path) -> bool:
    """Whether nothing is wrong, but that the classes do not know a changed schema's fields."""
    assert [problem for problem in problems(root) if not problem.startswith("examples/")] == []
    return True


def test_the_schemas_are_sound() -> None:
    assert problems(packaged().root) == []


def test_the_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemas", "check"]) == 0
    assert capsys.readouterr().out == f"{len(packaged().records)} schemas, 0 problems\n"


def test_the_command_prints_a_complete_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "CaptionAnnotated"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert incompatibilities(schema, schema) == ()


def test_a_field_without_doc_is_refused(schemas: Path) -> None:
    edit(schemas, "takedown.avsc", lambda s: s["fields"][0].pop("doc"))
    assert says(schemas, "Takedown, kind: the doc is missing")


def test_a_record_without_doc_is_refused(schemas: Path) -> None:
    edit(schemas, "takedown.avsc", lambda s: s.pop("doc"))
    assert says(schemas, "Takedown, the record: the doc is missing")


def test_a_time_that_is_a_plain_number_is_refused(schemas: Path) -> None:
    edit(schemas, "takedown.avsc", lambda s: s["fields"][-1].update(type="long"))
    assert says(schemas, "effective_at is a time")


@pytest.mark.parametrize("text", ["{", '{"type": "record"}', "[1]"])
def test_a_file_that_is_no_schema_is_refused(schemas: Path, text: str) -> None:
    (schemas / "takedown.avsc").write_text(text)
    assert problems(schemas)


def test_a_name_that_nothing_defines_is_refused(schemas: Path) -> None:
    edit(schemas, "takedown.avsc", lambda s: s["fields"][0].update(type="pixelprose.v1.Nothing"))
    assert says(schemas, "Takedown")


def test_a_name_that_is_there_twice_is_refused(schemas: Path) -> None:
    shutil.copy(schemas / "parts" / "model.avsc", schemas / "parts" / "again.avsc")
    assert says(schemas, "Model is there twice")


def test_a_default_that_does_not_fit_is_refused(schemas: Path) -> None:
    edit(schemas, "takedown.avsc", lambda s: s["fields"].append(TEXT | {"default": 7}))
    assert says(schemas, "Takedown")


def test_a_changed_schema_under_an_old_fingerprint_is_refused(schemas: Path) -> None:
    edit(schemas, "takedown.avsc", lambda s: s["fields"].append(TEXT | {"default": ""}))
    assert says(schemas, "today's schema of Takedown has no id")


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["fields"][0].update(default="url"),
        lambda s: s["fields"][-1].update(type="long"),
        lambda s: s["fields"].reverse(),
        lambda s: s["fields"][0].update(name="sort"),
    ],
    ids=["a default", "a logical type", "the order", "a name"],
)
def test_every_change_but_of_a_doc_changes_the_fingerprint(schemas: Path, change: Edit) -> None:
    edit(schemas, "takedown.avsc", change)
    assert says(schemas, "today's schema of Takedown has no id")


def test_a_corrected_doc_needs_no_new_id(schemas: Path) -> None:
    edit(schemas, "takedown.avsc", lambda s: s.update(doc="Corrected."))
    assert sound(schemas)


def test_a_gap_in_the_ids_is_refused(schemas: Path) -> None:
    replace(schemas, "ids.yaml", "id: 10,", "id: 11,")
    assert says(schemas, "ids are not 1, 2, 3")


def test_before_the_first_tag_a_changed_schema_keeps_its_id(schemas: Path) -> None:
    before = schema_ids(SchemaFolder(schemas))
    edit(schemas, "takedown.avsc", lambda s: s["fields"].append(TEXT | {"default": ""}))
    (given,) = assign(schemas)
    assert given.record == "Takedown"
    assert given.id == next(entry.id for entry in before if entry.record == "Takedown")
    assert sound(schemas)


def test_a_new_record_gets_the_next_id(schemas: Path) -> None:
    replace(schemas, "ids.yaml", (schemas / "ids.yaml").read_text().splitlines()[-1], "")
    (given,) = assign(schemas)
    assert given.id == len(packaged().records)
    assert assign(schemas) == []


def released(schemas: Path) -> Path:
    assert len(release(schemas)) == len(packaged().records)
    assert sound(schemas)
    return schemas


def test_nothing_is_released_before_the_first_tag() -> None:
    assert released_ids(packaged()) == ()


def test_after_a_release_a_field_with_default_may_come(schemas: Path) -> None:
    released(schemas)
    edit(schemas, "takedown.avsc", lambda s: s["fields"].append(TEXT | {"default": ""}))
    (given,) = assign(schemas)
    assert given.id == len(packaged().records) + 1
    assert sound(schemas)


def test_two_changes_between_two_tags_share_one_new_id(schemas: Path) -> None:
    released(schemas)
    edit(schemas, "takedown.avsc", lambda s: s["fields"].append(TEXT | {"default": ""}))
    first = assign(schemas)
    edit(schemas, "takedown.avsc", lambda s: s["fields"][-1].update(default="x"))
    assert [entry.id for entry in assign(schemas)] == [entry.id for entry in first]
    assert release(schemas) == [f"Takedown.{first[0].id}.avsc"]
    assert sound(schemas)


INCOMPATIBLE = {
    "a field without default": lambda s: s["fields"].append(TEXT),
    "a field less": lambda s: s["fields"].pop(0),
    "another type": lambda s: s["fields"][0].update(type="long"),
    "another name": lambda s: s["fields"][0].update(name="sort"),
    "another unit": lambda s: s["fields"][-1].update(
        type={"type": "long", "logicalType": "timestamp-millis"}
    ),
    "null allowed": lambda s: s["fields"][0].update(type=["null", "string"]),
}


@pytest.mark.parametrize("change", INCOMPATIBLE.values(), ids=INCOMPATIBLE.keys())
def test_after_a_release_an_incompatible_change_is_refused(schemas: Path, change: Edit) -> None:
    edit(released(schemas), "takedown.avsc", change)
    assign(schemas)
    assert says(schemas, "Takedown can't ")


def test_an_incompatible_change_deep_inside_is_refused(schemas: Path) -> None:
    edit(released(schemas), "parts/model.avsc", lambda s: s["fields"].pop())
    assign(schemas)
    assert says(schemas, "CaptionAnnotated can't be read by schema 6")


def test_compatibility_holds_with_every_release_and_not_just_the_last(schemas: Path) -> None:
    released(schemas)
    edit(schemas, "takedown.avsc", lambda s: s["fields"].append(TEXT | {"default": ""}))
    assign(schemas)
    release(schemas)
    # A second field of the same name but another type breaks with the second release alone.
    edit(schemas, "takedown.avsc", lambda s: s["fields"][-1].update(type="long", default=0))
    (given,) = assign(schemas)
    found = [problem for problem in problems(schemas) if "can't" in problem]
    assert found
    assert all(f"schema {given.id - 1}" in problem for problem in found)


def test_a_released_record_cannot_go(schemas: Path) -> None:
    released(schemas)
    (schemas / "takedown.avsc").unlink()
    assert says(schemas, "Takedown was released as schema 9 and is gone")


def test_a_released_id_cannot_change(schemas: Path) -> None:
    replace(released(schemas), "ids.yaml", "record: Redrive", "record: Takedown")
    assert says(schemas, "append-only")


def test_a_released_id_cannot_be_removed(schemas: Path) -> None:
    released(schemas)
    lines = (schemas / "ids.yaml").read_text().splitlines()
    (schemas / "ids.yaml").write_text("\n".join(lines[:-1]))
    assert says(schemas, "append-only")


def test_a_kept_schema_cannot_change(schemas: Path) -> None:
    edit(released(schemas), "released/Takedown.9.avsc", lambda s: s["fields"].pop())
    assert says(schemas, "schema 9 of Takedown is not what ids.yaml says")


def test_a_kept_schema_cannot_be_removed(schemas: Path) -> None:
    (released(schemas) / "released" / "Takedown.9.avsc").unlink()
    assert problems(schemas)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("pixelprose.images.fetched.v1", "images-fetched", "images-fetched is not pixelprose."),
        ("record: Redrive", "record: Takedown", "each record has exactly one topic"),
        ("least_lag_days: 14", "least_lag_days: 1", "could be compacted before it is worked on"),
        ("least_lag_days: 14", "least_lag_days: 22", "is not compacted soundly"),
        ("access: restricted", "access: public", "incidents.v1 is kept for ever"),
        ("  raw: [captioner]\n", "", "owners are not those"),
        ("producers: [ingester, safety-filter,", "producers: [ingester,", "stages of `reasons`"),
        ("FULL_TRANSITIVE", "NONE", "compatibility"),
        ("keep_days: 7", "keep_day: 7", "keep_day"),
    ],
)
def test_a_wrong_list_of_topics_is_refused(schemas: Path, old: str, new: str, problem: str) -> None:
    replace(schemas, "topics.yaml", old, new)
    assert says(schemas, problem)


def test_an_unknown_kind_of_code_is_refused(schemas: Path) -> None:
    replace(schemas, "codes.yaml", "finish_reasons:", "finish_reason:")
    assert says(schemas, "finish_reason")


def example_of(schemas: Path, name: str = "full") -> Path:
    return schemas / "examples" / "takedown" / f"{name}.json"


def test_a_missing_example_is_refused(schemas: Path) -> None:
    example_of(schemas, "minimal").unlink()
    assert says(schemas, "Takedown has no example minimal.json")


def test_examples_of_no_record_are_refused(schemas: Path) -> None:
    example_of(schemas).parent.rename(schemas / "examples" / "takedowns")
    assert says(schemas, "examples/takedowns belongs to no record")


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.update(unknown=1),
        lambda e: e.pop("kind"),
        lambda e: e.update(kind=7),
        lambda e: e.update(effective_at="2026-03-03T10:00:00"),
    ],
    ids=["unknown field", "missing field", "wrong type", "time without zone"],
)
def test_a_wrong_example_is_refused(schemas: Path, change: Edit) -> None:
    edit(example_of(schemas).parent, "full.json", change)
    assert says(schemas, "examples/takedown/full.json: ")
