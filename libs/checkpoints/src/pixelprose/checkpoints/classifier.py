"""Classes of pictures from any image classifier that transformers can load."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForImageClassification

from pixelprose.checkpoints.checkpoint import Checkpoint, ModelNotLoaded
from pixelprose.checkpoints.networks import LOADING_ERRORS, load_image_processor, load_network
from pixelprose.checkpoints.port import ImageClassifier
from pixelprose.records import Model


class TransformersClassifier(ImageClassifier):
    """Softmax over a classifier's labels, in float32.

    `classes` renames labels; labels of the same new name are added up.
    """

    def __init__(
        self,
        *,
        model: Model,
        network: Any,  # noqa: ANN401 - transformers has no types for these
        processor: Any,  # noqa: ANN401
        classes: Mapping[str, str],
        device: str,
    ) -> None:
        self._model = model
        self._network = network
        self._processor = processor
        self._device = device
        own = [network.config.id2label[n] for n in range(network.config.num_labels)]
        self._names = [classes.get(label, label) for label in own]

    @property
    def model(self) -> Model:
        """Name, revision and library of the weights."""
        return self._model

    @property
    def labels(self) -> frozenset[str]:
        """The labels after renaming."""
        return frozenset(self._names)

    def classify(self, pictures: Sequence[Image.Image]) -> Sequence[Mapping[str, float]]:
        """The probability of every class, for each picture."""
        if not pictures:
            return []
        inputs = self._processor(images=list(pictures), return_tensors="pt").to(self._device)
        with torch.inference_mode():
            rows = self._network(**inputs).logits.float().softmax(-1).tolist()
        return [self._added(row) for row in rows]

    def _added(self, row: Sequence[float]) -> Mapping[str, float]:
        scores = dict.fromkeys(self._names, 0.0)
        for name, value in zip(self._names, row, strict=True):
            scores[name] = min(1.0, scores[name] + value)
        return scores


def load_classifier(
    checkpoint: Checkpoint, *, classes: Mapping[str, str] | None = None, device: str = "cpu"
) -> TransformersClassifier:
    """Load a classifier that gives one class to a picture; it has answered once.

    Raises:
        ModelNotLoaded: a part is missing, it gives many classes at once, or it does not answer.
    """
    network = load_network(AutoModelForImageClassification, checkpoint, device=device)
    if network.config.problem_type not in {None, "single_label_classification"}:
        detail = f"{checkpoint.folder} is for {network.config.problem_type}; one label is needed"
        raise ModelNotLoaded(detail)
    classifier = TransformersClassifier(
        model=checkpoint.model("transformers"),
        network=network,
        processor=load_image_processor(checkpoint),
        classes=classes or {},
        device=device,
    )
    try:
        classifier.classify([Image.new("RGB", (64, 64))])
    except LOADING_ERRORS as error:
        raise ModelNotLoaded(f"{checkpoint.folder} classifies nothing: {error}") from error
    return classifier
