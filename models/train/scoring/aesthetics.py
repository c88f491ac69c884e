"""The aesthetic scorer: a tiny CLIP vision model and a linear head on its normalised embedding."""

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from classifying.drawing import drawn_plain, rendition
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    LlavaForConditionalGeneration,
)

from pixelprose.demoworld import HELDOUT_FROM, Scene, scene, truth

MIDDLE: Final = 5.5
"""The middle of the scale from 1 to 10, where an untrained head begins."""


class Scorer(nn.Module):
    """Embedding and head together, for training; they are saved apart."""

    def __init__(self, start: Path) -> None:
        """Begin with the demo captioner's eyes: random ones never learn sharpness."""
        super().__init__()
        captioner = LlavaForConditionalGeneration.from_pretrained(start, dtype=torch.float32)
        seeing = captioner.model.vision_tower
        config = CLIPVisionConfig(**{**seeing.config.to_dict(), "projection_dim": 32})
        # The name that services write into records: it must say that this is a demo model.
        config.update({"pixelprose_name": "demo-aesthetic"})
        self.vision = CLIPVisionModelWithProjection(config)
        self.vision.vision_model.load_state_dict(_plain(seeing.state_dict()))
        self.side = int(seeing.config.image_size)
        self.head = nn.Linear(config.projection_dim, 1)
        nn.init.constant_(self.head.bias, MIDDLE)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores (n,) of pictures (n, 3, side, side) in [-1, 1]."""
        embedding = self.vision(pixel_values=images).image_embeds
        scores: torch.Tensor = self.head(nn.functional.normalize(embedding, dim=-1))
        return scores[:, 0]

    def save(self, folder: Path) -> None:
        """Write float16 safetensors, the head beside them, and the preprocessor."""
        self.vision.half().save_pretrained(folder)  # type: ignore[no-untyped-call]
        head = {name: value.contiguous() for name, value in self.head.float().state_dict().items()}
        save_file(head, folder / "head.safetensors")
        for name in ("model.safetensors", "head.safetensors"):
            (folder / name).chmod(0o644)
        preprocessor = {
            "image_processor_type": "CLIPImageProcessor",
            "do_resize": True,
            "size": {"height": self.side, "width": self.side},
            "resample": int(Image.Resampling.BILINEAR),
            "do_center_crop": False,
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": [0.5] * 3,
            "image_std": [0.5] * 3,
            "do_convert_rgb": True,
        }
        text = json.dumps(preprocessor, indent=2) + "\n"
        (folder / "preprocessor_config.json").write_text(text)


def _plain(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix("vision_model."): value for name, value in weights.items()}


def pictures(rng: random.Random, *, first_seed: int) -> Iterator[tuple[Scene, Image.Image]]:
    """Endless scenes of one half of the world, as a service would read them."""
    while True:
        drawn = scene(first_seed + rng.randrange(HELDOUT_FROM))
        yield drawn, rendition(drawn_plain(drawn, rng), rng)


def _pixels(picture: Image.Image, *, side: int) -> torch.Tensor:
    """One picture as (1, 3, side, side) in [-1, 1], as the saved preprocessor makes it."""
    small = picture.resize((side, side), Image.Resampling.BILINEAR)
    values = torch.from_numpy(np.asarray(small, dtype=np.float32)) / 127.5 - 1
    return values.permute(2, 0, 1)[None]


def lessons(rng: random.Random, *, count: int, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """So many training pictures as float16 (n, 3, side, side), and their scores."""
    source = pictures(rng, first_seed=0)
    images, scores = [], []
    for _ in range(count):
        drawn, picture = next(source)
        images.append(_pixels(picture, side=side).half())
        scores.append(truth(drawn).aesthetic)
    return torch.cat(images), torch.tensor(scores)


def train(*, start: Path, count: int, steps: int, batch: int, seed: int) -> Scorer:
    """A scorer after `steps` batches of `count` pictures. Prints the loss as it falls."""
    torch.manual_seed(seed)
    model = Scorer(start).train()
    images, scores = lessons(random.Random(seed), count=count, side=model.side)
    # An embedding of length 1 spans nine points only through a head of large weights.
    optimiser = torch.optim.AdamW(
        [{"params": model.vision.parameters()}, {"params": model.head.parameters()}],
        weight_decay=0.02,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=[5e-4, 5e-2], total_steps=steps
    )
    losses: list[float] = []
    for step in range(1, steps + 1):
        chosen = torch.randint(len(images), (batch,))
        shown = images[chosen].float()
        if step % 2:
            shown = shown.flip(-1)
        loss = nn.functional.smooth_l1_loss(model(shown), scores[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if step % 20 == 0:
            print(f"step {step} loss {np.mean(losses[-20:]):.4f}", flush=True)
    return model.eval()


def spearman(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> float:
    """Correlation of the ranks; neither side may be constant, and ties are taken as they come."""
    ranks = np.stack([values.argsort().argsort().astype(float) for values in (left, right)])
    return float(np.corrcoef(ranks)[0, 1])
