"""Training and saving: a tiny ResNet, a reservoir of pictures, a cosine of a learning rate."""

import json
import math
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image
from transformers import ResNetConfig, ResNetForImageClassification

from classifying.tasks import Task, samples

INPUT_SIDE: Final = 96
FRESH: Final = 10
REPLAYED: Final = 54
KEPT: Final = 12_000
LOGGED_STEPS: Final = 5
CLIMB_STEPS: Final = 50
HIGHEST_RATE: Final = 2e-3


def new_model(task: Task) -> ResNetForImageClassification:
    """An untrained ResNet of 0.15 M parameters."""
    config = ResNetConfig(
        embedding_size=16,
        hidden_sizes=[16, 24, 48, 80],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        id2label=dict(enumerate(task.labels)),
        label2id={label: i for i, label in enumerate(task.labels)},
        problem_type="single_label_classification",
    )
    # The name that services write into records: it must say that this is a demo model.
    config.update({"pixelprose_name": f"demo-{task.name}"})
    return ResNetForImageClassification(config)  # type: ignore[no-untyped-call]


def save(model: ResNetForImageClassification, folder: Path) -> None:
    """Weights as float16 safetensors, and a preprocessor that every version can read."""
    model.half().save_pretrained(folder)  # type: ignore[no-untyped-call]
    (folder / "model.safetensors").chmod(0o644)
    preprocessor = {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": INPUT_SIDE, "width": INPUT_SIDE},
        "resample": int(Image.Resampling.BILINEAR),
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2) + "\n")


def pixels(images: Sequence[Image.Image]) -> torch.Tensor:
    """Float pictures (n, 3, side, side) in [-1, 1], as the saved preprocessor makes them."""
    size = (INPUT_SIDE, INPUT_SIDE)
    small = [np.asarray(image.resize(size, Image.Resampling.BILINEAR)) for image in images]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2) / 127.5 - 1


class Reservoir:
    """Batches of some fresh pictures and some earlier ones: rendering costs more than learning."""

    def __init__(self, task: Task, rng: random.Random) -> None:
        self._labels = task.labels
        self._source = samples(task, rng, first_seed=0, drawn=task.drawn)
        self._rng = rng
        self._kept: list[tuple[torch.Tensor, int]] = []

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures and the index of each one's label."""
        fresh = [next(self._source) for _ in range(FRESH)]
        at = [self._labels.index(sample.label) for sample in fresh]
        new = list(zip(pixels([s.image for s in fresh]).half(), at, strict=True))
        chosen = new + self._rng.choices(self._kept or new, k=REPLAYED)
        self._kept = (self._kept + new)[-KEPT:]
        images, labels = zip(*chosen, strict=True)
        return torch.stack(images).float(), torch.tensor(labels)


def train(
    task: Task, *, seconds: float, seed: int, device: str = "cpu"
) -> tuple[ResNetForImageClassification, int]:
    """A model trained for that long, and its number of steps. Prints the loss as it falls.

    `seconds` are of this process's CPU time, so that a busy machine does not make a worse model.
    """
    torch.manual_seed(seed)
    reservoir = Reservoir(task, random.Random(seed))
    model = new_model(task).train().to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.0, weight_decay=0.02)
    losses: list[float] = []
    started = time.process_time()
    while (spent := (time.process_time() - started) / seconds) < 1:
        images, labels = reservoir.batch()
        optimiser.param_groups[0]["lr"] = rate(len(losses), spent=spent)
        optimiser.zero_grad()
        loss = model(pixel_values=images.to(device), labels=labels.to(device)).loss
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        if len(losses) % LOGGED_STEPS == 0:
            print(f"step {len(losses)} loss {np.mean(losses[-LOGGED_STEPS:]):.4f}", flush=True)
    return model.cpu().eval(), len(losses)


def rate(step: int, *, spent: float) -> float:
    """The learning rate: a short climb, then a cosine down to 0 as `spent` goes to 1."""
    climbed = min(1.0, (step + 1) / CLIMB_STEPS)
    return HIGHEST_RATE * climbed * (1 + math.cos(math.pi * spent)) / 2
