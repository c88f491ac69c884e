"""Aesthetic scores from a CLIP image embedding and a head of linear layers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from PIL import Image
from safetensors.torch import load_file
from torch.nn.functional import linear, normalize
from transformers import CLIPVisionModelWithProjection

from pixelprose.checkpoints import Checkpoint, ModelNotLoaded, weights_hash
from pixelprose.checkpoints.networks import LOADING_ERRORS, load_image_processor, load_network
from pixelprose.metadata_annotator.ports import AestheticScorer
from pixelprose.records import Model

HEAD: Final = "head.safetensors"
LOWEST, HIGHEST = 1.0, 10.0

Layer = tuple[torch.Tensor, torch.Tensor]
"""Weight (out, in) and bias (out)."""


class ClipAestheticScorer(AestheticScorer):
    """The embedding, normalised, through all layers in turn, clamped to [1, 10].

    That is the shape of LAION's predictors: one linear layer, or several without anything between
    them (their dropout does nothing when it is not trained).
    """

    def __init__(
        self,
        *,
        model: Model,
        network: Any,  # noqa: ANN401 - transformers has no types for these
        processor: Any,  # noqa: ANN401
        head: Sequence[Layer],
        device: str,
    ) -> None:
        self._model = model
        self._network = network
        self._processor = processor
        self._head = [(weight.to(device), bias.to(device)) for weight, bias in head]
        self._device = device

    @property
    def model(self) -> Model:
        """The embedding's name; the revision of embedding and head."""
        return self._model

    def score(self, pictures: Sequence[Image.Image]) -> Sequence[float]:
        """A score from 1 to 10 for each picture."""
        if not pictures:
            return []
        inputs = self._processor(images=list(pictures), return_tensors="pt").to(self._device)
        with torch.inference_mode():
            values = normalize(self._network(**inputs).image_embeds.float(), dim=-1)
            for weight, bias in self._head:
                values = linear(values, weight, bias)
        scores: list[float] = values[:, 0].clamp(LOWEST, HIGHEST).tolist()
        return scores


def load_aesthetic(
    checkpoint: Checkpoint, *, head: Path | None = None, device: str = "cpu"
) -> ClipAestheticScorer:
    """Load an embedding, and the head beside it or in a file of its own.

    Raises:
        ModelNotLoaded: a part is missing, or the head does not fit the embedding.
    """
    network = load_network(CLIPVisionModelWithProjection, checkpoint, device=device)
    path = head or checkpoint.folder / HEAD
    layers = _layers(path)
    _check(layers, path, width=network.config.projection_dim)
    if path.parent != checkpoint.folder:
        # A head from elsewhere: both revisions, since either changes the scores.
        revision = f"{checkpoint.revision}+{weights_hash([path])}"
        checkpoint = replace(checkpoint, revision=revision)
    return ClipAestheticScorer(
        model=checkpoint.model("transformers"),
        network=network,
        processor=load_image_processor(checkpoint),
        head=layers,
        device=device,
    )


def _layers(path: Path) -> list[Layer]:
    """The layers by the numbers in their names: `weight`, or `layers.0.weight`, `layers.2...`."""
    try:
        tensors = load_file(path)
        prefixes = [name.removesuffix("weight") for name in tensors if name.endswith("weight")]
        prefixes.sort(key=lambda name: [int(part) for part in name.split(".") if part.isdigit()])
        return [(tensors[f"{p}weight"].float(), tensors[f"{p}bias"].float()) for p in prefixes]
    except LOADING_ERRORS as error:
        raise ModelNotLoaded(f"aesthetic head {path}: {error}") from error


def _check(layers: Sequence[Layer], path: Path, *, width: int) -> None:
    wide = width
    for weight, bias in layers:
        if weight.shape != (bias.numel(), wide):
            detail = f"a layer of shape {tuple(weight.shape)} can't take {wide} values"
            raise ModelNotLoaded(f"aesthetic head {path}: {detail}")
        wide = bias.numel()
    if not layers or wide != 1:
        raise ModelNotLoaded(f"aesthetic head {path} does not end in one value")
