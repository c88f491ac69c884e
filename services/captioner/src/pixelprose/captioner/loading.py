"""From a checkpoint to a captioner that works, or to a clear no."""

from typing import Any

import torch
from jinja2 import TemplateError
from transformers import AutoModelForImageTextToText, AutoProcessor

from pixelprose.captioner.asking import probe
from pixelprose.captioner.settings import Dtype
from pixelprose.captioner.transformers_captioner import TransformersCaptioner
from pixelprose.checkpoints import Checkpoint, ModelNotLoaded
from pixelprose.checkpoints.networks import LOADING_ERRORS, SAFELY, load_network, prepare
from pixelprose.streamkit import ExitCode, Stop


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
    prepare(threads=threads)
    processors: Any = AutoProcessor
    try:
        captioner = TransformersCaptioner(
            load_network(
                AutoModelForImageTextToText, checkpoint, device=where, dtype=getattr(torch, kind)
            ),
            processors.from_pretrained(checkpoint.folder, **SAFELY),
            checkpoint=checkpoint,
            batch_size=batch_size,
        )
        captioner.caption([probe()])
    except (ModelNotLoaded, TemplateError, *LOADING_ERRORS) as error:
        detail = (
            f"model {checkpoint.name} in {checkpoint.folder} cannot caption on {where}; give a "
            f"checkpoint that AutoModelForImageTextToText loads: {error}"
        )
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
    return captioner
