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

from pixelprose.records import Model
from pixelprose.safety_filter.nsfw import ModelNotLoaded, NsfwScorer

WEIGHTS: Final = "model.safetensors"
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
    """Load a classifier from a folder, or from the hub by id and revision.

    Only safetensors are read and no code of the model is run. A folder's revision is the SHA-256 of
    its weights; when `revision` is given too, it must be that. Sets torch's threads, which are the
    process's.

    Raises:
        ModelNotLoaded: the model, a part of its weights, its device or its revision is not there,
            or it is not a classifier with one answer per image.
    """
    folder = Path(source)
    revision = _revision_of(folder, revision) if folder.is_dir() else _pinned(source, revision)
    from_hub = {} if folder.is_dir() else {"revision": revision}
    options = {"local_files_only": local_only, "trust_remote_code": False, **from_hub}
    torch.set_num_threads(threads)
    try:
        processor = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            source, backend="pil", **options
        )
        network, loading = AutoModelForImageClassification.from_pretrained(
            source, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **options
        )
        network = network.eval().to(device)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelNotLoaded(f"model {source} at revision {revision}: {error}") from error
    _check(source, network.config, loading)
    known_as = folder.resolve().name if folder.is_dir() else source
    about = Model(
        name=name or getattr(network.config, NAME_IN_CONFIG, known_as),
        revision=revision,
        library=f"transformers {transformers.__version__}",
    )
    return TransformersScorer(model=about, network=network, processor=processor, device=device)


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


def _check(source: str, config: Any, loading: Mapping[str, Any]) -> None:  # noqa: ANN401 - transformers has no types for these
    # transformers fills missing weights with random ones and only warns.
    if wrong := sorted(map(str, [*loading["missing_keys"], *loading["mismatched_keys"]])):
        raise ModelNotLoaded(f"model {source} lacks weights: {', '.join(wrong[:5])}")
    if config.problem_type not in {None, "single_label_classification"}:
        raise ModelNotLoaded(f"model {source} is for {config.problem_type}; one label is needed")
