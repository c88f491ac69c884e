"""The aesthetic scorer: a tiny CLIP vision model and a linear head on its normalised embedding."""

import itertools
import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from classifying.drawing import drawn_plain, rendition
from classifying.training import INPUT_SIDE, pixels
from pixelprose.demoworld import HELDOUT_FROM, Scene, scene, truth

MIDDLE: Final = 5.5
"""The middle of the scale from 1 to 10, where an untrained head begins."""


class Scorer(nn.Module):
    """Embedding and head together, for training; they are saved apart."""

    def __init__(self) -> None:
        """Begin with random weights of torch's generator."""
        super().__init__()
        config = CLIPVisionConfig(
            hidden_size=48,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=INPUT_SIDE,
            patch_size=8,
            projection_dim=32,
        )
        # The name that services write into records: it must say that this is a demo model.
        config.update({"pixelprose_name": "demo-aesthetic"})
        self.vision = CLIPVisionModelWithProjection(config)
        _see_frequencies(self.vision.vision_model.embeddings.patch_embedding.weight)
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
            "size": {"height": INPUT_SIDE, "width": INPUT_SIDE},
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


def _see_frequencies(filters: torch.Tensor) -> None:
    """Begin with cosines in grey, the finer the stronger: random filters never learn sharpness.

    `filters` are (n, 3, side, side); the n lowest frequencies of the cosine transform go in.
    """
    count, channels, side, _ = filters.shape
    at = torch.arange(side)
    cosines = torch.cos(math.pi * (at[None] + 0.5) * at[:, None] / side)
    pairs = sorted(itertools.product(range(side), repeat=2), key=sum)[:count]
    with torch.no_grad():
        for filter_, (down, across) in zip(filters, pairs, strict=True):
            wave = nn.functional.normalize(
                torch.outer(cosines[down], cosines[across]).flatten(), dim=0
            )
            strength = 0.15 * (1 + down + across) / channels**0.5
            filter_.copy_((strength * wave).view(side, side).expand(channels, side, side))


def pictures(rng: random.Random, *, first_seed: int) -> Iterator[tuple[Scene, Image.Image]]:
    """Endless scenes of one half of the world, as a service would read them."""
    while True:
        drawn = scene(first_seed + rng.randrange(HELDOUT_FROM))
        yield drawn, rendition(drawn_plain(drawn, rng), rng)


def lessons(rng: random.Random, *, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """So many training pictures as float16 (n, 3, side, side), and their scores."""
    source = pictures(rng, first_seed=0)
    images, scores = [], []
    for _ in range(count):
        drawn, picture = next(source)
        images.append(pixels([picture]).half())
        scores.append(truth(drawn).aesthetic)
    return torch.cat(images), torch.tensor(scores)


def train(*, count: int, steps: int, batch: int, seed: int, device: str = "cpu") -> Scorer:
    """A scorer after `steps` batches of `count` pictures. Prints the loss as it falls."""
    torch.manual_seed(seed)
    images, scores = (part.to(device) for part in lessons(random.Random(seed), count=count))
    model = Scorer().train().to(device)
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=1e-3, total_steps=steps, pct_start=0.1
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
    return model.cpu().eval()


def spearman(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> float:
    """Correlation of the ranks; neither side may be constant, and ties are taken as they come."""
    ranks = np.stack([values.argsort().argsort().astype(float) for values in (left, right)])
    return float(np.corrcoef(ranks)[0, 1])
