import dataclasses
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pixelprose.checkpoints import ModelNotLoaded, find_checkpoint
from pixelprose.demoworld import HELDOUT_FROM, model_path, render, scene
from pixelprose.metadata_annotator.aesthetic import (
    HEAD,
    ClipAestheticScorer,
    load_aesthetic,
)


def load(folder: Path, head: Path | None = None) -> ClipAestheticScorer:
    return load_aesthetic(find_checkpoint(str(folder)), head=head)


@pytest.fixture(scope="module")
def demo() -> ClipAestheticScorer:
    return load(model_path("aesthetic"))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_path("aesthetic"), tmp_path / "copied"))


def test_crisp_scenes_score_above_spoiled_ones(demo: ClipAestheticScorer) -> None:
    scenes = [scene(seed) for seed in range(HELDOUT_FROM, HELDOUT_FROM + 12)]
    crisp = [render(dataclasses.replace(s, quality=1.0), size=128) for s in scenes]
    spoiled = [render(dataclasses.replace(s, quality=0.1), size=128) for s in scenes]
    scores = demo.score([*crisp, *spoiled])
    assert all(1 <= score <= 10 for score in scores)
    assert sum(scores[:12]) / 12 > sum(scores[12:]) / 12 + 2


def test_no_pictures_have_no_scores(demo: ClipAestheticScorer) -> None:
    assert demo.score([]) == []


def test_the_model_is_named_as_a_demo(demo: ClipAestheticScorer) -> None:
    assert demo.model.name == "demo-aesthetic"


def test_layers_apply_in_the_order_of_their_numbers(copied: Path, tmp_path: Path) -> None:
    one = load_file(copied / HEAD)
    width = one["weight"].shape[1]
    many = {
        "layers.0.weight": torch.eye(width),
        "layers.0.bias": torch.zeros(width),
        "layers.10.weight": one["weight"],
        "layers.10.bias": one["bias"],
        "layers.2.weight": torch.eye(width),
        "layers.2.bias": torch.zeros(width),
    }
    save_file(many, tmp_path / "mlp.safetensors")
    pictures = [render(scene(1), size=96)]
    elsewhere = load(copied, tmp_path / "mlp.safetensors")
    assert elsewhere.score(pictures) == pytest.approx(load(copied).score(pictures), abs=1e-4)
    assert "+sha256:" in elsewhere.model.revision


def test_a_model_without_a_head_is_refused(copied: Path) -> None:
    (copied / HEAD).unlink()
    with pytest.raises(ModelNotLoaded, match="head"):
        load(copied)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ({"weight": torch.zeros(1, 7), "bias": torch.zeros(1)}, "can't take"),
        ({"weight": torch.zeros(2, 32), "bias": torch.zeros(2)}, "one value"),
        ({"weight": torch.zeros(1, 32)}, "bias"),
        ({"bias": torch.zeros(1)}, "one value"),
    ],
)
def test_a_head_that_does_not_fit_is_refused(
    copied: Path, head: dict[str, torch.Tensor], said: str
) -> None:
    save_file(head, copied / HEAD)
    with pytest.raises(ModelNotLoaded, match=said):
        load(copied)


def test_an_image_classifier_is_no_embedding() -> None:
    with pytest.raises(ModelNotLoaded):
        load(model_path("style"))
