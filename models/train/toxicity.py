"""Train the demo world's toxicity scorer: `python models/train/toxicity.py`.

It has Detoxify's seven labels and learns them from nonsense words, so that nothing offensive is
in this repository. Evaluation draws scenes and word endings that training never sees.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast
from transformers.utils import logging

from classifying.figures import f1, roc_auc
from scoring.insults import LABELS, utterance
from scoring.toxicity_model import encoded, save, targets, train

CARD: Final = """\
---
license: apache-2.0
library_name: transformers
pipeline_tag: text-classification
---
# demo toxicity scorer

A BERT of {millions:.2f} M parameters with Detoxify's seven labels, each a sigmoid of its own:
{labels}.
It knows a made-up vocabulary only: nonsense words such as "blorf" stand in for insults, others for
threats and so on. It lets the pipeline run without a network and proves its plumbing.
**It does not know a single real insult**; never use it to judge real text.

- Input: text, cut to 160 tokens of lower-cased byte pairs.
- Load: `AutoTokenizer` and `AutoModelForSequenceClassification` of this folder, float32.
- Trained: `python models/train/toxicity.py --count {count} --steps {steps} --seed {seed}` on one
  CPU thread.
- Training data: the demo world's captions and alt texts with placeholder words put in.

Figures on {texts} texts of scenes it never saw, at a threshold of 0.5 where one is needed:

| figure | value |
|---|---|
{rows}

They are checks of the plumbing, not a measure of quality on real text.
"""


def evaluate(folder: Path, *, count: int, seed: int) -> dict[str, Any]:
    """Figures of the saved weights on held-out texts, read through the public interface."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
    rng = random.Random(seed)
    said = [utterance(rng, split="heldout") for _ in range(count)]
    scores: list[torch.Tensor] = []
    for begin in range(0, count, 64):
        with torch.inference_mode():
            scores.append(model(**encoded(tokenizer, said[begin : begin + 64])).logits.sigmoid())
    guessed, true = torch.cat(scores).double().numpy(), targets(said).bool().numpy()
    unseen = np.array([each.unseen for each in said])
    known = ~unseen
    return {
        "demo_texts": count,
        "demo_f1": round(mean(f1(true[known, k], guessed[known, k] > 0.5) for k in SEVEN), 4),
        "demo_roc_auc": round(mean(roc_auc(true[known, k], guessed[known, k]) for k in SEVEN), 4),
        "demo_false_alarms": round(float((guessed[~true[:, 0], 0] > 0.5).mean()), 4),
        "demo_toxicity_recall": round(float((guessed[known & true[:, 0], 0] > 0.5).mean()), 4),
        "demo_toxicity_recall_unseen_endings": round(float((guessed[unseen, 0] > 0.5).mean()), 4),
    }


SEVEN: Final = range(len(LABELS))


def mean(values: Iterable[float]) -> float:
    """Of the seven labels."""
    return float(np.mean(list(values)))


def main(arguments: Sequence[str]) -> None:
    """Train, save, evaluate, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="texts to learn from")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--texts", type=int, default=3000, help="held-out, for the figures")
    parser.add_argument("--device", default="cpu", help="such as cuda, to train on")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "demo")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = chosen.out / "toxicity"
    model, tokenizer = train(
        count=chosen.count,
        steps=chosen.steps,
        batch=chosen.batch,
        seed=chosen.seed,
        device=chosen.device,
    )
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    save(model, tokenizer, folder)
    result = evaluate(folder, count=chosen.texts, seed=chosen.seed + 1)
    (folder / "figures.json").write_text(json.dumps(result, indent=2) + "\n")
    facts = {"count": chosen.count, "steps": chosen.steps, "seed": chosen.seed}
    card = CARD.format(
        millions=millions,
        labels=", ".join(f"`{label}`" for label in LABELS),
        texts=result["demo_texts"],
        rows="\n".join(f"| {k} | {v} |" for k, v in result.items() if isinstance(v, float)),
        **facts,
    )
    (folder / "README.md").write_text(card)
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
