"""Classes that sentences describe, told apart by CLIP: no classifier has to be trained for them."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from PIL import Image
from torch.nn.functional import normalize
from transformers import AutoTokenizer, CLIPModel

from pixelprose.checkpoints import Checkpoint, ImageClassifier, ModelNotLoaded
from pixelprose.checkpoints.networks import (
    LOADING_ERRORS,
    SAFELY,
    load_image_processor,
    load_network,
)
from pixelprose.records import Model


class ClipZeroShot(ImageClassifier):
    """Softmax over how near a picture is to each class's sentence, as CLIP was trained (2021)."""

    def __init__(
        self,
        *,
        model: Model,
        network: Any,  # noqa: ANN401 - transformers has no types for these
        processor: Any,  # noqa: ANN401
        sentences: Mapping[str, torch.Tensor],
        device: str,
    ) -> None:
        self._model = model
        self._network = network
        self._processor = processor
        self._names = list(sentences)
        self._sentences = torch.stack(list(sentences.values())).to(device)
        self._device = device

    @property
    def model(self) -> Model:
        """Name, revision and library of the weights."""
        return self._model

    @property
    def labels(self) -> frozenset[str]:
        """The classes that sentences were given for."""
        return frozenset(self._names)

    def classify(self, pictures: Sequence[Image.Image]) -> Sequence[Mapping[str, float]]:
        """The probability of every class, for each picture."""
        if not pictures:
            return []
        inputs = self._processor(images=list(pictures), return_tensors="pt").to(self._device)
        with torch.inference_mode():
            seen = normalize(self._network.get_image_features(**inputs).pooler_output, dim=-1)
            nearness = self._network.logit_scale.exp() * seen @ self._sentences.T
            rows = nearness.float().softmax(-1).tolist()
        return [dict(zip(self._names, row, strict=True)) for row in rows]


def load_zero_shot(
    checkpoint: Checkpoint, *, sentences: Mapping[str, str], device: str = "cpu"
) -> ClipZeroShot:
    """Load a CLIP with its text tower; it reads the sentences once, here.

    Raises:
        ModelNotLoaded: a part is missing, or there are not two classes.
    """
    if len(sentences) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise ModelNotLoaded(f"{checkpoint.folder}: give sentences for two classes or more")
    network = load_network(CLIPModel, checkpoint, device=device)
    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder, **SAFELY)
        tokens = tokenizer(list(sentences.values()), padding=True, return_tensors="pt").to(device)
        with torch.inference_mode():
            read = normalize(network.get_text_features(**tokens).pooler_output, dim=-1)
    except LOADING_ERRORS as error:
        raise ModelNotLoaded(f"{checkpoint.folder}: {error}") from error
    return ClipZeroShot(
        model=checkpoint.model("transformers"),
        network=network,
        processor=load_image_processor(checkpoint),
        sentences=dict(zip(sentences, read, strict=True)),
        device=device,
    )
