"""What all models of transformers have in common when they are loaded."""

from collections.abc import Mapping
from typing import Any, Final

import torch
from safetensors import SafetensorError
from transformers import AutoImageProcessor
from transformers.utils import logging

from pixelprose.checkpoints.checkpoint import Checkpoint, ModelNotLoaded

LOADING_ERRORS: Final = (
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
"""What is raised for a checkpoint that is broken, unknown, or wants code of its own to run."""

SAFELY: Final[Mapping[str, Any]] = {"local_files_only": True, "trust_remote_code": False}

_NAMED: Final = 5


def prepare(*, threads: int | None) -> None:
    """Set torch's threads, which are the process's, and leave the log to events."""
    if threads:
        torch.set_num_threads(threads)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def load_network(
    kind: Any,  # noqa: ANN401 - transformers has no types for these
    checkpoint: Checkpoint,
    *,
    device: str,
    dtype: torch.dtype = torch.float32,
) -> Any:  # noqa: ANN401 - as above
    """The network, ready to answer; `kind` is one of transformers' model classes.

    Raises:
        ModelNotLoaded: it can't be loaded by `kind`, lacks weights, or the device is not there.
    """
    try:
        network, loading = kind.from_pretrained(
            checkpoint.folder,
            dtype=dtype,
            use_safetensors=True,
            output_loading_info=True,
            **SAFELY,
        )
        network = network.eval().to(device)
    except LOADING_ERRORS as error:
        raise ModelNotLoaded(f"{checkpoint.folder} on {device}: {error}") from error
    # transformers fills missing weights with random ones and only warns.
    if wrong := sorted(map(str, [*loading["missing_keys"], *loading["mismatched_keys"]])):
        raise ModelNotLoaded(f"{checkpoint.folder} lacks weights: {', '.join(wrong[:_NAMED])}")
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
