"""From a checkpoint to a captioner that works, or to a clear no."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import torch
from jinja2 import TemplateError
from safetensors import SafetensorError
from transformers import AutoModelForImageTextToText, AutoProcessor
from transformers.utils import logging

from pixelprose.captioner.asking import probe
from pixelprose.captioner.checkpoint import Checkpoint
from pixelprose.captioner.settings import Dtype
from pixelprose.captioner.transformers_captioner import Network, Processor, TransformersCaptioner
from pixelprose.streamkit import ExitCode, Stop

# What transformers raises when a checkpoint is broken, unknown to it, or wants code of its own.
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
    TemplateError,
)


def load(
    checkpoint: Checkpoint,
    *,
    device: str = "auto",
    dtype: Dtype = "auto",
    threads: int | None = None,
    batch_size: int,
) -> TransformersCaptioner:
    """Return the captioner of a checkpoint, after it has answered once.

    Nothing is downloaded, no code of the checkpoint runs, and weights are read from safetensors.

    Raises:
        Stop: the checkpoint cannot be loaded or does not caption; says which and why.
    """
    where = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    kind = ("float32" if where == "cpu" else "bfloat16") if dtype == "auto" else dtype
    if threads:
        torch.set_num_threads(threads)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        network, processor = _opened(checkpoint, dtype=getattr(torch, kind))
        captioner = TransformersCaptioner(
            network.to(where).eval(), processor, checkpoint=checkpoint, batch_size=batch_size
        )
        captioner.caption([probe()])
    except _LOADING_ERRORS as error:
        detail = (
            f"model {checkpoint.name} in {checkpoint.folder} cannot caption on {where}; give a "
            f"checkpoint that AutoModelForImageTextToText loads: {error}"
        )
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
    return captioner


def _opened(checkpoint: Checkpoint, *, dtype: torch.dtype) -> tuple[Network, Processor]:
    models: Any = AutoModelForImageTextToText
    processors: Any = AutoProcessor
    safely = {"local_files_only": True, "trust_remote_code": False}
    network, loading = models.from_pretrained(
        checkpoint.folder, dtype=dtype, use_safetensors=True, output_loading_info=True, **safely
    )
    _complete(loading)
    return network, processors.from_pretrained(checkpoint.folder, **safely)


def _complete(loading: Mapping[str, Collection[object]]) -> None:
    # transformers fills what a checkpoint lacks with random numbers and only warns.
    lacking = sorted(map(str, (*loading["missing_keys"], *loading["mismatched_keys"])))
    if lacking:
        raise ValueError(f"{len(lacking)} weights are missing or misshapen, such as {lacking[0]}")
