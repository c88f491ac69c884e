from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pixelprose.metadata_annotator.policy import (
    SHIPPED,
    AnnotationPolicy,
    PolicyError,
    load_policy,
)
from pixelprose.records import codes


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """The shipped policy with values changed; `__` stands for the dots of a path."""

    def write(**changes: object) -> Path:
        document = yaml.safe_load(SHIPPED.read_text())
        for path, value in changes.items():
            *groups, last = path.split("__")
            part: dict[str, Any] = document
            for name in groups:
                part = part[name]
            part[last] = value
        file = tmp_path / "policy.yaml"
        file.write_text(yaml.safe_dump(document))
        return file

    return write


def test_the_shipped_policy_masks_all_but_names_and_rejects_nothing(
    policy: AnnotationPolicy,
) -> None:
    assert policy.label == "pixelprose-annotation/1"
    assert policy.pii.rules.keys() == codes().pii_types.keys()
    assert [t for t, rule in policy.pii.rules.items() if rule.action == "keep"] == ["PERSON"]
    assert not policy.reject.toxicity
    assert not policy.reject.pii


def test_the_hash_is_of_the_values_alone(
    policy: AnnotationPolicy, written: Callable[..., Path]
) -> None:
    assert load_policy(written()).hash == policy.hash
    assert load_policy(written(alt_text_characters=10)).hash != policy.hash


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"treshold": 1}, "treshold"),
        ({"pii__rules__PHONE": {"action": "mask", "minimum_score": 0.4}}, "no type 'PHONE'"),
        ({"pii__rules__PERSON": {"action": "drop", "minimum_score": 0.4}}, "PERSON.action"),
        ({"pii__rules__PERSON": {"action": "keep", "minimum_score": 2}}, "PERSON.minimum_score"),
        ({"reject__toxicity": {"rude": 0.5}}, "is no toxicity score"),
        ({"reject__toxicity": {"insult": 0}}, "insult"),
        ({"reject__pii": ["PLATE"]}, "no type 'PLATE'"),
        ({"pii__phone_regions": ["Mars"]}, "phone_regions"),
        ({"pii__rules": {}}, "pii.rules"),
        ({"version": None}, "version"),
    ],
)
def test_a_policy_that_is_not_whole_is_refused(
    written: Callable[..., Path], changes: dict[str, object], said: str
) -> None:
    with pytest.raises(PolicyError, match=r"policy\.yaml is not valid") as refused:
        load_policy(written(**changes))
    assert said in str(refused.value)


def test_rejecting_what_is_not_looked_for_is_refused(written: Callable[..., Path]) -> None:
    rules = {"PERSON": {"action": "keep", "minimum_score": 0.5}}
    with pytest.raises(PolicyError, match="CREDIT_CARD, but has no rule"):
        load_policy(written(pii__rules=rules, reject__pii=["CREDIT_CARD"]))


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe", None])
def test_a_file_that_is_missing_or_no_yaml_is_refused(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "policy.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PolicyError, match="can't be read"):
        load_policy(path)
