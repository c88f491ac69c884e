"""What all models of transformers have in common when they are loaded."""

from collections.abc import Mapping
from typing import Any, Final

import torch
from safetensors import SafetensorError
from transformers import AutoImageProcessor

from pixelprose.metadata_annotator.checkpoint import Checkpoint
from pixelprose.metadata_annotator.ports import ModelNotLoaded

LOADING_ERRORS: Final = (
    OSError,
    ValueError,
    RuntimeError,
    ImportError,
    KeyError,
    TypeError,
    AttributeError,
    SafetensorError,
)
"""What is raised for a checkpoint that is broken, unknown, or wants code of its own to run."""

SAFELY: Final[Mapping[str, Any]] = {"local_files_only": True, "trust_remote_code": False}


def load_network(kind: Any, checkpoint: Checkpoint, *, device: str) -> Any:  # noqa: ANN401 - transformers has no types for these
    """The network in float32, ready to answer; `kind` is one of transformers' model classes.

    Raises:
        ModelNotLoaded: it can't be loaded by `kind`, lacks weights, or the device is not there.
    """
    try:
        network, loading = kind.from_pretrained(
            checkpoint.folder,
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
            **SAFELY,
        )
        network = network.eval().to(device)
    except LOADING_ERRORS as error:
        raise ModelNotLoaded(f"{checkpoint.folder}: {error}") from error
    # transformers fills missing weights with random ones and only warns.
    if wrong := sorted(map(str, [*loading["missing_keys"], *loading["mismatched_keys"]])):
        raise ModelNotLoaded(f"{checkpoint.folder} lacks weights: {', '.join(wrong[:5])}")
    return network


def load_image_processor(checkpoint: Checkpoint) -> Any:  # noqa: ANN401 - transformers has no types for these
    """What brings pictures into the network's size and range, by Pillow.

    Raises:
        ModelNotLoaded: there is none.
    """
    try:
        return AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            checkpoint.folder, backend="pil", **SAFELY
        )
    except LOADING_ERRORS as error:
        raise ModelNotLoaded(f"{checkpoint.folder}: {error}") from error
