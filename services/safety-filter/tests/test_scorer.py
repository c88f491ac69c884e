import json
import shutil
from pathlib import Path

import pytest
import transformers
from safetensors.torch import load_file, save_file
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from pixelprose.demoworld import HELDOUT_FROM, model_path, render, scene, unsafe_scene
from pixelprose.safety_filter.nsfw import ModelNotLoaded
from pixelprose.safety_filter.policy import SHIPPED, load_policy
from pixelprose.safety_filter.transformers_scorer import TransformersScorer, load_scorer


def load(source: Path | str, revision: str | None = None) -> TransformersScorer:
    return load_scorer(str(source), revision=revision)


@pytest.fixture(scope="module")
def demo() -> TransformersScorer:
    return load(model_path("nsfw"))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_path("nsfw"), tmp_path / "copied"))


def test_the_demo_model_tells_marked_scenes_from_others(demo: TransformersScorer) -> None:
    nsfw = load_policy(SHIPPED).nsfw
    nsfw.check(demo.labels)
    seeds = range(HELDOUT_FROM, HELDOUT_FROM + 12)
    pictures = [render(make(seed), size=128) for make in (scene, unsafe_scene) for seed in seeds]
    scores = [nsfw.score(labels) for labels in demo.score(pictures)]
    assert max(scores[:12]) < nsfw.reject_from <= min(scores[12:])


def test_scores_are_probabilities_of_every_label(demo: TransformersScorer) -> None:
    (labels,) = demo.score([render(scene(1), size=300)])
    assert labels.keys() == demo.labels == {"normal", "nsfw"}
    assert sum(labels.values()) == pytest.approx(1)
    assert demo.score([]) == []


def test_the_model_is_named_as_a_demo_and_its_revision_is_of_its_weights(
    demo: TransformersScorer,
) -> None:
    assert demo.model.name == "demo-nsfw"
    assert demo.model.revision.startswith("sha256:")
    assert load(model_path("nsfw"), demo.model.revision).model == demo.model


def test_a_name_can_be_set_for_the_records() -> None:
    assert load_scorer(str(model_path("nsfw")), name="ours").model.name == "ours"


def test_weights_other_than_the_pinned_ones_are_refused() -> None:
    with pytest.raises(ModelNotLoaded, match="is configured"):
        load(model_path("nsfw"), "0" * 64)


@pytest.mark.parametrize("source", ["/nowhere/model", "./nowhere", "~/nowhere"])
def test_a_missing_folder_is_refused(source: str) -> None:
    with pytest.raises(ModelNotLoaded, match="there is no model folder"):
        load(source)


def test_a_hub_id_needs_a_revision_and_is_not_fetched() -> None:
    with pytest.raises(ModelNotLoaded, match="needs a revision"):
        load("nobody/nothing")
    with pytest.raises(ModelNotLoaded, match="nobody/nothing"):
        load("nobody/nothing", "main")


@pytest.mark.parametrize(
    "missing", ["config.json", "model.safetensors", "preprocessor_config.json"]
)
def test_a_folder_without_a_part_of_the_model_is_refused(copied: Path, missing: str) -> None:
    (copied / missing).unlink()
    with pytest.raises(ModelNotLoaded, match="copied"):
        load(copied)


def test_pickled_weights_are_never_read(copied: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(ModelNotLoaded, match=r"no model\.safetensors"):
        load(copied)


def test_damaged_weights_are_refused(copied: Path) -> None:
    (copied / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(ModelNotLoaded, match="copied"):
        load(copied)


def test_weights_that_are_not_all_there_are_refused(copied: Path) -> None:
    file = copied / "model.safetensors"
    weights = load_file(file)
    del weights["classifier.1.weight"]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ModelNotLoaded, match=r"such as classifier\.1\.weight"):
        load(copied)


def test_a_model_of_many_labels_at_once_is_refused(copied: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    config["problem_type"] = "multi_label_classification"
    (copied / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelNotLoaded, match="one label per image"):
        load(copied)


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModelNotLoaded, match="nsfw"):
        load_scorer(str(model_path("nsfw")), device="cuda:97")


def test_a_vision_transformer_of_two_layers_scores(tmp_path: Path) -> None:
    """The architecture of the profiles' NSFW model, with random weights."""
    config = transformers.ViTConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
        id2label={0: "normal", 1: "nsfw"},
        label2id={"normal": 0, "nsfw": 1},
    )
    transformers.ViTForImageClassification(config).save_pretrained(tmp_path)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path)

    scorer = load(tmp_path)

    load_policy(SHIPPED).nsfw.check(scorer.labels)
    (labels,) = scorer.score([render(scene(1), size=96)])
    assert sum(labels.values()) == pytest.approx(1)


def test_a_model_that_is_not_here_names_the_command_that_fetches_it() -> None:
    with pytest.raises(ModelNotLoaded, match="`pixelprose models pull`"):
        load("nobody/has-this", "0" * 40)
