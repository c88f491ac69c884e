from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from pixelprose.demoworld import model_path
from pixelprose.kafkalog import KafkaSettings
from pixelprose.objectstore import StoreSettings
from pixelprose.safety_filter import SafetyFilterSettings, build
from pixelprose.safety_filter.app import load_safety, load_scorer
from pixelprose.safety_filter.policy import SHIPPED
from pixelprose.safety_filter.settings import SafetyFilterSection
from pixelprose.streamkit import ExitCode, Metrics, Stop, Unavailable


def now() -> datetime:
    return datetime(2026, 11, 1, tzinfo=UTC)


def refusal(**section: object) -> str:
    """The message that a start with these settings ends with."""
    with pytest.raises(Stop) as stopped:
        load_safety(SafetyFilterSection.model_validate(section), now=now, load=load_scorer)
    assert stopped.value.code is ExitCode.BAD_CONFIGURATION
    return str(stopped.value)


def test_a_model_a_list_and_a_policy_are_all_it_needs(list_file: Callable[..., Path]) -> None:
    section = SafetyFilterSection(model=str(model_path("nsfw")), hash_lists=(list_file(),))
    policy, known, scorer = load_safety(section, now=now, load=load_scorer)
    assert (policy.name, known.lists[0].name) == ("pixelprose-safety", "test")
    assert scorer.model.name == "demo-nsfw"


def test_it_does_not_start_without_a_list() -> None:
    assert "no known-hash list is configured" in refusal(model=str(model_path("nsfw")))


def test_it_does_not_start_with_an_empty_list(list_file: Callable[..., Path]) -> None:
    assert "is empty" in refusal(hash_lists=(list_file("# name: x\n# version: 1\npdq\n"),))


def test_it_does_not_start_with_a_corrupt_list(list_file: Callable[..., Path]) -> None:
    broken = "# name: x\n# version: 1\npdq\nabc\n"
    assert "line 4: pdq is not 64 hex digits" in refusal(hash_lists=(list_file(broken),))


def test_it_does_not_start_with_an_old_list(list_file: Callable[..., Path]) -> None:
    old = f"# name: x\n# version: 1\n# date: 2026-01-01\npdq\n{'0' * 64}\n"
    assert "304 days old, 90 are allowed" in refusal(hash_lists=(list_file(old),))


def test_it_does_not_start_with_two_lists_of_one_name(list_file: Callable[..., Path]) -> None:
    assert "the same name" in refusal(hash_lists=(list_file(), list_file()))


def test_it_does_not_start_without_a_model(list_file: Callable[..., Path]) -> None:
    said = refusal(hash_lists=(list_file(),))
    assert "no model is configured" in said
    assert "safety_filter.model" in said


def test_it_does_not_start_without_a_policy(tmp_path: Path) -> None:
    assert "nowhere.yaml" in refusal(policy=tmp_path / "nowhere.yaml")


def test_it_does_not_start_when_the_policy_does_not_know_a_label_of_the_model(
    list_file: Callable[..., Path], tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(SHIPPED.read_text().replace("[normal, ", "["))
    said = refusal(model=str(model_path("nsfw")), hash_lists=(list_file(),), policy=policy)
    assert "neither safe nor unsafe: normal" in said


@pytest.mark.parametrize(
    "section", [{"treshold": 1}, {"originals": "all"}, {"batch_size": 0}, {"threads": 0}]
)
def test_unknown_and_impossible_settings_are_refused(section: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SafetyFilterSection.model_validate(section)


def settings(section: SafetyFilterSection) -> SafetyFilterSettings:
    """Settings whose broker and store nobody serves: port 9 is for discarding."""
    return SafetyFilterSettings(
        kafka=KafkaSettings(bootstrap_servers="127.0.0.1:9"),
        store=StoreSettings(
            endpoint="http://127.0.0.1:9",
            bucket="pixelprose",
            access_key="a",
            secret_key=SecretStr("b"),
        ),
        safety_filter=section,
    )


def test_the_store_is_asked_only_once_everything_else_is_there(
    list_file: Callable[..., Path],
) -> None:
    with pytest.raises(Stop):
        build(settings(SafetyFilterSection()), Metrics())
    complete = SafetyFilterSection(model=str(model_path("nsfw")), hash_lists=(list_file(),))
    with pytest.raises(Unavailable, match="store"):
        build(settings(complete), Metrics())
