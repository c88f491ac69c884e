import dataclasses
import json
import shutil
from pathlib import Path
from typing import get_args

import pytest
import transformers
from safetensors.torch import load_file, save_file
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from pixelprose.checkpoints import ModelNotLoaded, find_checkpoint
from pixelprose.checkpoints.classifier import TransformersClassifier, load_classifier
from pixelprose.demoworld import HELDOUT_FROM, model_path, render, scene
from pixelprose.demoworld.truth import WatermarkClass
from pixelprose.records.codes import codes


def load(
    folder: Path, classes: dict[str, str] | None = None, device: str = "cpu"
) -> TransformersClassifier:
    checkpoint = find_checkpoint(str(folder))
    return load_classifier(checkpoint, classes=classes, device=device)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_path("watermark"), tmp_path / "copied"))


def test_the_demo_model_tells_styles_apart() -> None:
    style = load(model_path("style"))
    scenes = [scene(seed) for seed in range(HELDOUT_FROM, HELDOUT_FROM + 16)]
    clear = [dataclasses.replace(s, quality=1.0) for s in scenes]
    scores = style.classify([render(s, size=128) for s in clear])
    right = [max(row, key=row.__getitem__) == s.style for row, s in zip(scores, clear, strict=True)]
    assert sum(right) >= 14


def test_scores_are_probabilities_of_every_class() -> None:
    watermark = load(model_path("watermark"))
    (row,) = watermark.classify([render(scene(1), size=200)])
    assert row.keys() == watermark.labels == {"watermark", "none", "text"}
    assert sum(row.values()) == pytest.approx(1)
    assert watermark.classify([]) == []


def test_the_world_its_model_and_the_records_have_one_word_for_each_watermark_class() -> None:
    words = set(get_args(WatermarkClass))
    assert words == load(model_path("watermark")).labels
    assert words == set(codes().watermark_classes)


def test_labels_can_be_renamed_and_added_up() -> None:
    picture = [render(scene(1), size=96)]
    (own,) = load(model_path("watermark")).classify(picture)
    renamed = load(model_path("watermark"), {"text": "none"})
    assert renamed.labels == {"watermark", "none"}
    assert renamed.classify(picture)[0]["none"] == pytest.approx(own["none"] + own["text"])


@pytest.mark.parametrize(
    "missing", ["config.json", "model.safetensors", "preprocessor_config.json"]
)
def test_a_folder_without_a_part_of_the_model_is_refused(copied: Path, missing: str) -> None:
    (copied / missing).unlink()
    with pytest.raises(ModelNotLoaded, match="copied"):
        load(copied)


def test_weights_that_are_not_all_there_are_refused(copied: Path) -> None:
    file = copied / "model.safetensors"
    weights = load_file(file)
    del weights["classifier.1.weight"]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ModelNotLoaded, match=r"lacks weights: classifier\.1\.weight"):
        load(copied)


def test_damaged_weights_are_refused(copied: Path) -> None:
    (copied / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(ModelNotLoaded, match="copied"):
        load(copied)


def test_a_model_of_many_labels_at_once_is_refused(copied: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    config["problem_type"] = "multi_label_classification"
    (copied / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelNotLoaded, match="one label is needed"):
        load(copied)


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModelNotLoaded, match="style"):
        load(model_path("style"), device="cuda:97")


def test_a_vision_transformer_of_two_layers_classifies(tmp_path: Path) -> None:
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

    (row,) = load(tmp_path).classify([render(scene(1), size=96)])

    assert row.keys() == {"normal", "nsfw"}
    assert sum(row.values()) == pytest.approx(1)
