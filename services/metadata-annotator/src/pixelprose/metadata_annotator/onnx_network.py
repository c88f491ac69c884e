"""A sequence classifier as ONNX: a graph of numbers, of which no code is run.

For authors who publish nothing but pickled weights, of which others published the graph.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import torch
from onnxruntime.capi.onnxruntime_pybind11_state import (  # type: ignore[import-untyped]
    Fail,
    InvalidGraph,
    InvalidProtobuf,
    NoSuchFile,
)
from transformers import AutoConfig

from pixelprose.checkpoints import Checkpoint, ModelNotLoaded
from pixelprose.checkpoints.networks import LOADING_ERRORS, SAFELY

_BROKEN = (*LOADING_ERRORS, Fail, InvalidGraph, InvalidProtobuf, NoSuchFile)


class OnnxLogits:
    """Gives logits to token ids and masks, on the CPU."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._inputs = {node.name for node in session.get_inputs()}

    def __call__(self, windows: Any) -> torch.Tensor:  # noqa: ANN401 - a tokenizer's output
        """The logits of each window."""
        fed = {
            name: np.asarray(value, dtype=np.int64)
            for name, value in windows.items()
            if name in self._inputs
        }
        logits = self._session.run(["logits"], fed)[0]
        return torch.from_numpy(np.asarray(logits, dtype=np.float32))


def load_onnx(
    checkpoint: Checkpoint, file: Path, *, threads: int
) -> tuple[OnnxLogits, dict[str, int]]:
    """The network, and the number of each label by the config.json beside it.

    Raises:
        ModelNotLoaded: there is no such file, it is no graph that gives logits, or has no labels.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        config = AutoConfig.from_pretrained(checkpoint.folder, **SAFELY)
        session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        if "logits" not in {node.name for node in session.get_outputs()}:
            raise ValueError("the graph gives no logits")
        return OnnxLogits(session), dict(config.label2id)
    except _BROKEN as error:
        raise ModelNotLoaded(f"{file}: {error}") from error
