"""Train one of the demo world's image classifiers: `python models/train/classifiers.py nsfw`.

The tiny ResNets know the demo world only. Pictures reach them as they reach the services: any size
up to 1,024 pixels, through a lossy file and a JPEG rendition. Evaluation draws seeds that training
never sees, with watermark styles, words and fonts that it never sees either.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers.utils import logging

from classifying.card import card
from classifying.figures import evaluate
from classifying.tasks import TASKS
from classifying.training import save, train


def main(arguments: Sequence[str]) -> None:
    """Train, save, evaluate, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("--seconds", type=float, default=300, help="CPU time to train for")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=int, default=2000, help="held-out, for the figures")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="such as cuda, to train on")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "demo")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    task, folder = TASKS[chosen.task], chosen.out / chosen.task
    model, steps = train(task, seconds=chosen.seconds, seed=chosen.seed, device=chosen.device)
    save(model, folder)
    result = evaluate(task, folder, count=chosen.pictures, seed=chosen.seed + 1)
    (folder / "figures.json").write_text(json.dumps(result, indent=2) + "\n")
    parameters = sum(p.numel() for p in model.parameters())
    facts = {"seed": chosen.seed, "steps": steps}
    (folder / "README.md").write_text(card(task, result, millions=parameters / 1e6, **facts))
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
