"""Model checkpoints: found, pinned, and loaded without running any code of theirs.

Modules that import torch (`networks`, `classifier`) are imported where a model is loaded: it takes
seconds.
"""

from pixelprose.checkpoints.checkpoint import (
    SAFETENSORS,
    Checkpoint,
    ModelNotLoaded,
    find_checkpoint,
    installed,
    weights_hash,
)
from pixelprose.checkpoints.port import HasModel, ImageClassifier

__all__ = [
    "SAFETENSORS",
    "Checkpoint",
    "HasModel",
    "ImageClassifier",
    "ModelNotLoaded",
    "find_checkpoint",
    "installed",
    "weights_hash",
]
