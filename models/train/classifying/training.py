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
from classifying.tasks import Task, samples
from PIL import Image
from transformers import ResNetConfig, ResNetForImageClassification

INPUT_SIDE: Final = 96
FRESH: Final = 10
REPLAYED: Final = 54
RESERVOIR: Final = 12_000
LOGGED_STEPS: Final = 10
"""A batch is some fresh pictures and some earlier ones: rendering costs more than learning."""


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


def train(task: Task, *, seconds: float, seed: int) -> tuple[ResNetForImageClassification, int]:
    """A model trained for that long, and its number of steps. Prints the loss as it falls.

    `seconds` are of this process's CPU time, so that a busy machine does not make a worse model.
    """
    torch.manual_seed(seed)
    rng = random.Random(seed)
    model = new_model(task).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.0, weight_decay=0.02)
    source = samples(task, rng, first_seed=0, drawn=task.drawn)
    kept: list[tuple[torch.Tensor, int]] = []
    losses: list[float] = []
    started = time.process_time()
    while (spent := (time.process_time() - started) / seconds) < 1:
        fresh = [next(source) for _ in range(FRESH)]
        at = [task.labels.index(sample.label) for sample in fresh]
        new = list(zip(pixels([s.image for s in fresh]).half(), at, strict=True))
        batch = new + rng.choices(kept or new, k=REPLAYED)
        kept = (kept + new)[-RESERVOIR:]
        rate = 2e-3 * min(1, len(losses) / 50 + 0.02) * (1 + math.cos(math.pi * spent)) / 2
        optimiser.param_groups[0]["lr"] = rate
        images = torch.stack([image for image, _ in batch]).float()
        output = model(pixel_values=images, labels=torch.tensor([label for _, label in batch]))
        optimiser.zero_grad()
        output.loss.backward()
        optimiser.step()
        losses.append(output.loss.item())
        if len(losses) % LOGGED_STEPS == 0:
            print(f"step {len(losses)} loss {np.mean(losses[-LOGGED_STEPS:]):.4f}", flush=True)
    return model.eval(), len(losses)
