from pathlib import Path

import pytest
from pydantic import ValidationError

from pixelprose.demoworld import model_path
from pixelprose.metadata_annotator.app import load_models, read_policy
from pixelprose.metadata_annotator.policy import AnnotationPolicy
from pixelprose.metadata_annotator.settings import MetadataAnnotatorSection
from pixelprose.streamkit import ExitCode, Stop


def section(**changes: object) -> MetadataAnnotatorSection:
    names = ("aesthetic", "watermark", "style", "toxicity")
    models = {name: {"model": str(model_path(name))} for name in names}
    whole = {**models, "spacy": str(model_path("spacy")), **changes}
    return MetadataAnnotatorSection.model_validate(whole)


def refusal(policy: AnnotationPolicy, **changes: object) -> str:
    """The message that a start with these settings ends with."""
    models = load_models(section(**changes), policy)
    with pytest.raises(Stop) as stopped:
        _ = models.for_images(), models.for_captions()
    assert stopped.value.code is ExitCode.BAD_CONFIGURATION
    return str(stopped.value)


def test_both_steps_share_models(policy: AnnotationPolicy) -> None:
    models = load_models(section(), policy)
    images, captions = models.for_images(), models.for_captions()
    assert images.pii is captions.pii
    assert images.toxicity is captions.toxicity
    assert images.watermark.labels == {"watermark", "none", "text"}
    assert images.aesthetic.model.name == "demo-aesthetic"
    assert captions.linguist.model.name == "demo-spacy"


@pytest.mark.parametrize("name", ["aesthetic", "watermark", "style", "toxicity"])
def test_it_does_not_start_without_one_of_its_models(policy: AnnotationPolicy, name: str) -> None:
    said = refusal(policy, **{name: {}})
    assert "no model is configured" in said
    assert f"set metadata_annotator.{name}" in said


def test_it_does_not_start_without_a_pipeline_or_a_reader(
    policy: AnnotationPolicy, tmp_path: Path
) -> None:
    assert "set metadata_annotator.spacy" in refusal(policy, spacy=None)
    assert "set metadata_annotator.words" in refusal(policy, words={"folder": tmp_path})


def test_the_caption_step_alone_needs_no_image_models(policy: AnnotationPolicy) -> None:
    alone = section(aesthetic={}, watermark={}, style={}, steps=["caption"])
    assert load_models(alone, policy).for_captions().toxicity.model.name == "demo-toxicity"


def test_a_classifier_of_other_classes_is_no_watermark_classifier(
    policy: AnnotationPolicy,
) -> None:
    said = refusal(policy, watermark={"model": str(model_path("style"))})
    assert "say in `classes` which of them are watermark, none and text" in said


def test_it_does_not_start_without_a_policy(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"nowhere\.yaml"):
        read_policy(section(policy=tmp_path / "nowhere.yaml"))


@pytest.mark.parametrize(
    "changes",
    [
        {"treshold": 1},
        {"steps": []},
        {"steps": ["captions"]},
        {"batch_size": 0},
        {"words": {"most": 0}},
        {"aesthetic": {"heads": "x"}},
    ],
)
def test_unknown_and_impossible_settings_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        section(**changes)
