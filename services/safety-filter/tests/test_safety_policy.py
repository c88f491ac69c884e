from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.safety_filter.policy import (
    SHIPPED,
    KnownHashRules,
    NsfwRules,
    PolicyError,
    load_policy,
)

RULES = NsfwRules(unsafe_labels=("nsfw", "Porn"), safe_labels=("normal",), reject_from=0.5)


def test_the_shipped_policy_is_valid_and_the_profiles_show_the_same() -> None:
    policy = load_policy(SHIPPED)
    profile = Path(__file__).parents[3] / "profiles" / "policies" / "safety.yaml"
    assert load_policy(profile).hash == policy.hash
    assert policy.known_hashes.max_distance == 31
    assert policy.known_hashes.reach(10) == 31


def test_comments_and_order_do_not_change_the_hash_but_a_threshold_does(tmp_path: Path) -> None:
    text = SHIPPED.read_text()
    same, other = tmp_path / "same.yaml", tmp_path / "other.yaml"
    same.write_text("# another comment\n" + text)
    other.write_text(text.replace("reject_from: 0.5", "reject_from: 0.4"))
    assert load_policy(same).hash == load_policy(SHIPPED).hash != load_policy(other).hash


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("max_distance: 31", "max_distance: 200"), "max_distance"),
        (("max_distance: 31", "max_distnace: 31"), "max_distnace"),
        (("reject_from: 0.5", "reject_from: 0"), "reject_from"),
        (("name: pixelprose-safety", ""), "name"),
        (("name: pixelprose-safety", "name: [" * 3), "can't be read"),
    ],
)
def test_a_wrong_policy_is_refused(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(SHIPPED.read_text().replace(*change, 1))
    with pytest.raises(PolicyError, match=says):
        load_policy(path)


def test_a_missing_policy_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="can't be read"):
        load_policy(tmp_path / "nowhere.yaml")
    (tmp_path / "empty.yaml").touch()
    with pytest.raises(PolicyError, match="not valid"):
        load_policy(tmp_path / "empty.yaml")


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ({"normal", "other"}, "none of the unsafe labels"),
        ({"normal", "nsfw", "violence"}, "neither safe nor unsafe: violence"),
        (set(), "its labels: none"),
    ],
)
def test_a_model_whose_labels_can_not_be_judged_is_refused(labels: set[str], says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        RULES.check(frozenset(labels))


def test_a_label_that_is_safe_and_unsafe_is_refused() -> None:
    both = NsfwRules(unsafe_labels=("nsfw",), safe_labels=("NSFW",), reject_from=0.5)
    with pytest.raises(PolicyError, match="both"):
        both.check(frozenset({"nsfw"}))


def test_labels_are_matched_whatever_their_case() -> None:
    RULES.check(frozenset({"NSFW", "porn", "Normal"}))
    assert RULES.score({"NSFW": 0.25, "PORN": 0.5, "Normal": 0.25}) == 0.75


@given(st.dictionaries(st.sampled_from(["nsfw", "porn", "normal"]), st.floats(0, 1)))
def test_the_nsfw_score_is_a_share_and_never_below_any_unsafe_label(
    labels: dict[str, float],
) -> None:
    score = RULES.score(labels)
    assert 0 <= score <= 1
    assert all(score >= value for label, value in labels.items() if label != "normal")


def test_a_poor_pdq_has_a_reach_of_its_own() -> None:
    rules = KnownHashRules(max_distance=31, low_quality_below=50, low_quality_max_distance=8)
    assert [rules.reach(quality) for quality in (0, 49, 50, 100)] == [8, 8, 31, 31]
