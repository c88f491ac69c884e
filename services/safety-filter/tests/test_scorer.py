"""The NSFW model as the settings name it."""

import pytest

from pixelprose.checkpoints import ModelNotLoaded
from pixelprose.demoworld import HELDOUT_FROM, model_path, render, scene, unsafe_scene
from pixelprose.safety_filter.app import load_scorer
from pixelprose.safety_filter.policy import SHIPPED, load_policy
from pixelprose.safety_filter.settings import SafetyFilterSection

DEMO = str(model_path("nsfw"))


def test_the_demo_model_tells_marked_scenes_from_others() -> None:
    scorer = load_scorer(SafetyFilterSection(model=DEMO))
    nsfw = load_policy(SHIPPED).nsfw
    nsfw.check(scorer.labels)
    seeds = range(HELDOUT_FROM, HELDOUT_FROM + 12)
    pictures = [render(make(seed), size=128) for make in (scene, unsafe_scene) for seed in seeds]
    scores = [nsfw.score(labels) for labels in scorer.classify(pictures)]
    assert max(scores[:12]) < nsfw.reject_from <= min(scores[12:])


def test_name_and_revision_are_taken_from_the_settings() -> None:
    own = load_scorer(SafetyFilterSection(model=DEMO)).model
    assert own.name == "demo-nsfw"
    assert own.revision.startswith("sha256:")
    pinned = SafetyFilterSection(model=DEMO, revision=own.revision, model_name="ours")
    assert load_scorer(pinned).model.name == "ours"
    with pytest.raises(ModelNotLoaded, match="as is set"):
        load_scorer(SafetyFilterSection(model=DEMO, revision="sha256:" + "0" * 64))


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModelNotLoaded, match="nsfw"):
        load_scorer(SafetyFilterSection(model=DEMO, device="cuda:97"))


def test_a_model_that_is_not_here_is_refused_and_not_fetched() -> None:
    with pytest.raises(ModelNotLoaded, match="no model is configured"):
        load_scorer(SafetyFilterSection())
    with pytest.raises(ModelNotLoaded, match="needs a revision"):
        load_scorer(SafetyFilterSection(model="nobody/nothing"))
    with pytest.raises(ModelNotLoaded, match="`pixelprose models pull`"):
        load_scorer(SafetyFilterSection(model="nobody/has-this", revision="0" * 40))
