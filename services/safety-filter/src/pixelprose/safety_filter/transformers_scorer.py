"""NSFW scores from any image classifier that transformers can load."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
import transformers
from PIL import Image
from safetensors import SafetensorError
from transformers import AutoImageProcessor, AutoModelForImageClassification
from transformers.utils import logging

from pixelprose.records import Model
from pixelprose.safety_filter.nsfw import ModelNotLoaded, NsfwScorer

WEIGHTS: Final = "model.safetensors"
# What transformers raises when a model is broken, unknown to it, or wants code of its own.
_LOADING_ERRORS: Final = (
    OSError,
    ValueError,
    RuntimeError,
    ImportError,
    KeyError,
    TypeError,
    AttributeError,
    AssertionError,
    SafetensorError,
)

NAME_IN_CONFIG: Final = "pixelprose_name"
"""A model's own name in its config.json, where a folder's name would say too little."""


class TransformersScorer(NsfwScorer):
    """Softmax over the labels of one classifier, in float32."""

    def __init__(self, *, model: Model, network: Any, processor: Any, device: str) -> None:  # noqa: ANN401 - transformers has no types for these
        self._model = model
        self._network = network
        self._processor = processor
        self._device = device
        self._names = [network.config.id2label[n] for n in range(network.config.num_labels)]

    @property
    def model(self) -> Model:
        """Name, revision and library of the weights."""
        return self._model

    @property
    def labels(self) -> frozenset[str]:
        """The labels of its configuration."""
        return frozenset(self._names)

    def score(self, images: Sequence[Image.Image]) -> Sequence[Mapping[str, float]]:
        """The probability of every label, per image."""
        if not images:
            return []
        inputs = self._processor(images=list(images), return_tensors="pt").to(self._device)
        with torch.inference_mode():
            shares = self._network(**inputs).logits.float().softmax(-1).tolist()
        return [dict(zip(self._names, row, strict=True)) for row in shares]


def load_scorer(
    source: str,
    *,
    revision: str | None = None,
    name: str | None = None,
    device: str = "cpu",
    threads: int = 1,
    local_only: bool = True,
) -> TransformersScorer:
    """Load a classifier from a folder, or from the hub by id and revision; it has scored once.

    Only safetensors are read and no code of the model is run. A folder's revision is the SHA-256 of
    its weights; when `revision` is given too, it must be that. Sets torch's threads, which are the
    process's.

    Raises:
        ModelNotLoaded: the model, a part of its weights, its device or its revision is not there,
            or it is not a classifier with one answer per image.
    """
    folder = Path(source)
    found = _revision_of(folder, revision) if folder.is_dir() else _pinned(source, revision)
    torch.set_num_threads(threads)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    options = {} if folder.is_dir() else {"revision": found}
    try:
        network, processor = _opened(source, local_files_only=local_only, **options)
        known_as = folder.resolve().name if folder.is_dir() else source
        about = Model(
            name=name or str(getattr(network.config, NAME_IN_CONFIG, known_as)),
            revision=found,
            library=f"transformers {transformers.__version__}",
        )
        scorer = TransformersScorer(
            model=about, network=network.eval().to(device), processor=processor, device=device
        )
        scorer.score([Image.new("RGB", (64, 64))])
    except _LOADING_ERRORS as error:
        detail = f"model {source} at {found} on {device}: {error}"
        if not folder.is_dir() and local_only:
            detail += "; if it is not here, `pixelprose models pull` fetches a profile's models"
        raise ModelNotLoaded(detail) from error
    return scorer


def _opened(source: str, **options: Any) -> tuple[Any, Any]:  # noqa: ANN401 - transformers has no types for these
    safely = {"trust_remote_code": False, **options}
    network, loading = AutoModelForImageClassification.from_pretrained(
        source, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **safely
    )
    # transformers fills missing weights with random ones and only warns.
    if wrong := sorted(map(str, (*loading["missing_keys"], *loading["mismatched_keys"]))):
        raise ValueError(f"{len(wrong)} weights are missing or misshapen, such as {wrong[0]}")
    if network.config.problem_type not in {None, "single_label_classification"}:
        raise ValueError(f"it is for {network.config.problem_type}; one label per image is needed")
    processor = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
        source, backend="pil", **safely
    )
    return network, processor


def _revision_of(folder: Path, expected: str | None) -> str:
    try:
        found = f"sha256:{hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()}"
    except OSError as error:
        raise ModelNotLoaded(f"model {folder} has no {WEIGHTS}: {error}") from error
    if expected not in {None, found}:
        raise ModelNotLoaded(f"model {folder} has revision {found}, but {expected} is configured")
    return found


def _pinned(source: str, revision: str | None) -> str:
    if source.startswith(("/", "./", "../", "~")):
        raise ModelNotLoaded(f"there is no model folder {source}")
    if revision is None:
        raise ModelNotLoaded(
            f"model {source} is no folder here, so it is a hub id, and that needs a revision"
        )
    return revision
