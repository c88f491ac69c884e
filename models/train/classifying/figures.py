"""How right a saved classifier is on pictures that it never saw."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoImageProcessor, AutoModelForImageClassification

from classifying.drawing import drawn_plain
from classifying.tasks import Sample, Task, samples
from pixelprose.demoworld import HELDOUT_FROM, Scene, lexicon


def evaluate(task: Task, folder: Path, *, count: int, seed: int) -> dict[str, Any]:
    """Figures of the saved weights on held-out samples, read through the public interface."""
    processor = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
        folder, backend="pil", local_files_only=True
    )
    model = AutoModelForImageClassification.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True
    )
    source = samples(task, random.Random(seed), first_seed=HELDOUT_FROM, drawn=drawn_plain)
    tested: list[Sample] = []
    scores: list[torch.Tensor] = []
    while len(tested) < count:
        batch = [s for s in (next(source) for _ in range(32)) if task.judged(s.scene)]
        inputs = processor([s.image for s in batch], return_tensors="pt")
        with torch.inference_mode():
            scores.append(model(**inputs).logits.softmax(-1))
        tested += batch
    return figures(task, tested, torch.cat(scores).double().numpy())


def figures(task: Task, tested: Sequence[Sample], scores: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Accuracy, F1 and ROC-AUC (mean of one against the rest), and accuracy of unseen parts."""
    labels = np.array([task.labels.index(sample.label) for sample in tested])
    guesses = scores.argmax(1)
    right = guesses == labels
    new_font = np.array([unseen_font(s.scene) for s in tested])
    new_mark = np.array([unseen_watermark(s.scene) for s in tested])
    classes = range(len(task.labels))
    confusion = [
        [int(((labels == truth_) & (guesses == guess)).sum()) for guess in classes]
        for truth_ in classes
    ]
    return {
        "demo_pictures": len(tested),
        "demo_accuracy": round(float(right.mean()), 4),
        "demo_f1": round(float(np.mean([f1(labels == k, guesses == k) for k in classes])), 4),
        "demo_roc_auc": round(
            float(np.mean([roc_auc(labels == k, scores[:, k]) for k in classes])), 4
        ),
        "demo_accuracy_unseen_font": round(float(right[new_font].mean()), 4),
        "demo_accuracy_unseen_watermark": round(float(right[new_mark].mean()), 4),
        "demo_confusion": dict(zip(task.labels, confusion, strict=True)),
    }


def unseen_font(of: Scene) -> bool:
    """Whether its lettering has a font that training never draws."""
    return of.lettering is not None and of.lettering.font in lexicon.fonts("heldout")


def unseen_watermark(of: Scene) -> bool:
    """Whether its watermark is of a style that training never draws."""
    return of.watermark is not None and of.watermark.style in lexicon.watermark_styles("heldout")


def roc_auc(positive: np.ndarray[Any, Any], score: np.ndarray[Any, Any]) -> float:
    """Chance that a positive scores above a negative; ties count half (Mann-Whitney)."""
    values, index, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[index]
    hits = int(positive.sum())
    wins = ranks[positive].sum() - hits * (hits + 1) / 2
    return float(wins / (hits * (len(values[index]) - hits)))


def f1(truth_: np.ndarray[Any, Any], guess: np.ndarray[Any, Any]) -> float:
    """Harmonic mean of precision and recall."""
    return float(2 * (truth_ & guess).sum() / max(1, truth_.sum() + guess.sum()))
