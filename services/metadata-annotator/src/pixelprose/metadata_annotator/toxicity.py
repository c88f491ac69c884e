"""Toxicity scores from a sequence classifier with Detoxify's seven labels."""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, Final

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pixelprose.checkpoints import Checkpoint, ModelNotLoaded
from pixelprose.checkpoints.networks import LOADING_ERRORS, SAFELY, load_network
from pixelprose.metadata_annotator.onnx_network import load_onnx
from pixelprose.metadata_annotator.ports import ToxicityScorer
from pixelprose.records import Model, Toxicity

LABELS: Final = Toxicity.__struct_fields__
_LONGEST_WINDOW: Final = 512
_OVERLAP: Final = 16  # tokens of the window before, so that no phrase is cut in two


class TransformersToxicityScorer(ToxicityScorer):
    """A sigmoid for each label. A text longer than the model counts by its worst window."""

    def __init__(
        self,
        *,
        model: Model,
        logits: Callable[[Any], torch.Tensor],
        labels: Mapping[str, int],
        tokenizer: Any,  # noqa: ANN401 - transformers has no types for these
        window: int,
        device: str,
    ) -> None:
        self._model = model
        self._logits = logits
        self._tokenizer = tokenizer
        self._window = window
        self._device = device
        self._at = [labels[label] for label in LABELS]
        # Both steps may ask, and a fast tokenizer can't be used by two threads at once.
        self._tokenizing = Lock()

    @property
    def model(self) -> Model:
        """Name, revision and library of the weights."""
        return self._model

    def score(self, texts: Sequence[str]) -> Sequence[Toxicity]:
        """Seven scores for each text."""
        if not texts:
            return []
        windows, text_of = self._windows(texts)
        with torch.inference_mode():
            scores = self._logits(windows).float().sigmoid()[:, self._at]
        worst = torch.zeros(len(texts), len(LABELS))
        index = text_of[:, None].expand_as(scores)
        worst = worst.scatter_reduce(0, index, scores.cpu(), reduce="amax")
        return [Toxicity(**dict(zip(LABELS, row, strict=True))) for row in worst.tolist()]

    def _windows(self, texts: Sequence[str]) -> tuple[Any, torch.Tensor]:
        """Token ids and masks of all windows, and which text each is of."""
        with self._tokenizing:
            windows = self._tokenizer(
                list(texts),
                padding=True,
                truncation=True,
                max_length=self._window,
                stride=min(_OVERLAP, self._window // 4),
                return_overflowing_tokens=True,
                return_tensors="pt",
            )
        text_of = windows.pop("overflow_to_sample_mapping")
        return windows.to(self._device), text_of


def load_toxicity(
    checkpoint: Checkpoint, *, onnx: str | None = None, device: str = "cpu", threads: int = 1
) -> TransformersToxicityScorer:
    """Load a classifier that has the seven labels; it may have more.

    Its weights are safetensors, or the graph in the file `onnx`, which runs on the CPU.

    Raises:
        ModelNotLoaded: a part is missing, or one of the labels.
    """
    logits: Callable[[Any], torch.Tensor]
    if onnx:
        logits, labels = load_onnx(checkpoint, checkpoint.folder / onnx, threads=threads)
        model, device = checkpoint.model("onnxruntime"), "cpu"
    else:
        network = load_network(AutoModelForSequenceClassification, checkpoint, device=device)
        logits, labels = (lambda windows: network(**windows).logits), network.config.label2id
        model = checkpoint.model("transformers")
    if missing := [label for label in LABELS if label not in labels]:
        detail = f"{checkpoint.folder} lacks the labels {', '.join(missing)}"
        raise ModelNotLoaded(detail)
    tokenizer = _tokenizer(checkpoint)
    return TransformersToxicityScorer(
        model=model,
        logits=logits,
        labels=labels,
        tokenizer=tokenizer,
        window=min(tokenizer.model_max_length, _LONGEST_WINDOW),
        device=device,
    )


def _tokenizer(checkpoint: Checkpoint) -> Any:  # noqa: ANN401 - transformers has no types for these
    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder, **SAFELY)
    except LOADING_ERRORS as error:
        raise ModelNotLoaded(f"{checkpoint.folder}: {error}") from error
    if not tokenizer.is_fast:
        raise ModelNotLoaded(f"{checkpoint.folder} has no fast tokenizer (tokenizer.json)")
    return tokenizer
