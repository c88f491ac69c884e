"""Train the demo world's aesthetic scorer: `python models/train/aesthetic.py`.

Its truth is how spoiled a scene is: blur, noise and lost contrast. It has the interface of a
LAION-style predictor: an image embedding of a CLIP vision model, normalised, and a linear head.
"""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import AutoImageProcessor, CLIPVisionModelWithProjection
from transformers.utils import logging

from pixelprose.demoworld import HELDOUT_FROM, truth
from scoring.aesthetics import pictures, spearman, train

CARD: Final = """\
---
license: apache-2.0
library_name: transformers
---
# demo aesthetic scorer

A CLIP vision model of {millions:.2f} M parameters and a linear head on its normalised embedding,
the interface of a LAION-style aesthetic predictor. It knows pictures of the **demo world** only,
where "aesthetic" means: not blurred, not noisy, full of contrast. It lets the pipeline run without
a network and proves its plumbing. On any other picture its score means nothing.

- Input: RGB of any size, scaled to 96 x 96 by the saved preprocessor. Output: 1 (spoiled) to 10.
- Load: `CLIPVisionModelWithProjection`, and `head.safetensors` (`weight`, `bias`).
- Trained: `python models/train/aesthetic.py --count {count} --steps {steps} --seed {seed}` on one
  CPU thread; sizes 64 to 1,024, JPEG quality 55 to 95.
- Training data: procedural scenes alone, nothing collected, nobody's pictures.

Figures on {pictures} pictures of seeds it never saw:

| figure | value |
|---|---|
{rows}

They are checks of the plumbing, not a measure of taste.
"""


def evaluate(folder: Path, *, count: int, seed: int) -> dict[str, Any]:
    """Figures of the saved weights on held-out pictures, read through the public interface."""
    processor = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
        folder, backend="pil", local_files_only=True
    )
    vision = CLIPVisionModelWithProjection.from_pretrained(folder, dtype=torch.float32)
    head = load_file(folder / "head.safetensors")
    source = pictures(random.Random(seed), first_seed=HELDOUT_FROM)
    scores: list[float] = []
    truths: list[float] = []
    while len(scores) < count:
        batch = [next(source) for _ in range(32)]
        inputs = processor([picture for _, picture in batch], return_tensors="pt")
        with torch.inference_mode():
            embedding = torch.nn.functional.normalize(vision(**inputs).image_embeds, dim=-1)
            scores += (embedding @ head["weight"].T + head["bias"])[:, 0].clamp(1, 10).tolist()
        truths += [truth(drawn).aesthetic for drawn, _ in batch]
    guessed, true = np.array(scores), np.array(truths)
    return {
        "demo_pictures": len(scores),
        "demo_spearman": round(spearman(guessed, true), 4),
        "demo_mean_absolute_error": round(float(np.abs(guessed - true).mean()), 4),
    }


def main(arguments: Sequence[str]) -> None:
    """Train, save, evaluate, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=6000, help="pictures to learn from")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=int, default=3000, help="held-out, for the figures")
    parser.add_argument("--device", default="cpu", help="such as cuda, to train on")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "demo")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = chosen.out / "aesthetic"
    model = train(
        count=chosen.count,
        steps=chosen.steps,
        batch=chosen.batch,
        seed=chosen.seed,
        device=chosen.device,
    )
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    model.save(folder)
    result = evaluate(folder, count=chosen.pictures, seed=chosen.seed + 1)
    (folder / "figures.json").write_text(json.dumps(result, indent=2) + "\n")
    facts = {"count": chosen.count, "steps": chosen.steps, "seed": chosen.seed}
    rows = "\n".join(f"| {k} | {v} |" for k, v in result.items() if isinstance(v, float))
    card = CARD.format(millions=millions, pictures=result["demo_pictures"], rows=rows, **facts)
    (folder / "README.md").write_text(card)
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
