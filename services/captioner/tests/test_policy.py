from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from pixelprose.captioner.documents import PACKAGED
from pixelprose.captioner.policy import read_policy
from pixelprose.captioner.testing import revised
from pixelprose.streamkit import ExitCode, Stop

PACKAGED_POLICY = PACKAGED / "pixelprose.yaml"


def test_the_packaged_policy_has_five_prompts_and_serves_by_name_and_by_path() -> None:
    policy = read_policy("pixelprose")

    assert [prompt.id for prompt in policy.prompts] == [
        "plain",
        "artist",
        "layers",
        "boring",
        "rules",
    ]
    assert policy.hash == read_policy(str(PACKAGED_POLICY)).hash


def test_every_prompt_asks_for_the_opening_that_cleaning_removes() -> None:
    policy = read_policy("pixelprose")

    assert all(policy.opening in prompt.text for prompt in policy.prompts)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 2),
        ("hint__probability", 0.51),
        ("absent__text", 'Add "Not shown:" at the end.'),
        ("sampling__seed", 1),
        ("leaks__words", 6),
        ("refusals", []),
        ("limits__maximum_repetition", 0.31),
    ],
)
def test_the_hash_changes_with_any_value(path: str, value: object) -> None:
    assert revised(**{path: value}).hash != revised().hash


def test_the_hash_does_not_depend_on_how_the_file_is_written(tmp_path: Path) -> None:
    document = yaml.safe_load(PACKAGED_POLICY.read_text("utf-8"))
    document["prompts"][0]["weight"] = 1.0
    rewritten = tmp_path / "same.yaml"
    rewritten.write_text(yaml.safe_dump(document, sort_keys=True), "utf-8")

    assert read_policy(str(rewritten)).hash == revised().hash


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("unheard_of", 1),
        ("hint__unheard_of", 1),
        ("hint__probability", 1.1),
        ("hint__text", "no place for the alt text"),
        ("hint__text", '"{alt_text}" and "{alt_text}"'),
        ("absent__text", "no opening to find the answer by"),
        ("absent__probability", float("nan")),
        ("prompts", []),
        ("prompts", [{"id": "a", "weight": 0, "text": "x"}]),
        ("prompts", [{"id": "a", "weight": 1, "text": "x"}] * 2),
        ("sampling__temperature", -0.1),
        ("sampling__top_p", 0),
        ("limits__maximum_repetition", 2),
        ("language", "English"),
        ("name", "../elsewhere"),
    ],
)
def test_what_is_no_policy_is_refused(path: str, value: object) -> None:
    with pytest.raises(ValidationError):
        revised(**{path: value})


def test_a_policy_that_leaves_something_out_is_refused(tmp_path: Path) -> None:
    document = yaml.safe_load(PACKAGED_POLICY.read_text("utf-8"))
    del document["limits"]
    lacking = tmp_path / "lacking.yaml"
    lacking.write_text(yaml.safe_dump(document), "utf-8")

    with pytest.raises(Stop, match=r"lacking\.yaml is not a valid Policy.*") as stopped:
        read_policy(str(lacking))

    assert stopped.value.code == ExitCode.BAD_CONFIGURATION
    assert "limits" in str(stopped.value)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_bytes(b"name: [\xff")

    with pytest.raises(Stop, match="not a valid"):
        read_policy(str(broken))


def test_a_policy_that_is_not_there_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Stop, match="one of pixelprose, selection") as stopped:
        read_policy("nowhere")

    assert stopped.value.code == ExitCode.BAD_CONFIGURATION
