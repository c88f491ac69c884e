"""The few figures that scores are judged by, in plain numpy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def roc_auc(scores: Sequence[float], *, positive: Sequence[bool]) -> float:
    """The chance that a positive scores above a negative; a tie counts half.

    Raises:
        ValueError: one of the two classes is empty.
    """
    truth = np.asarray(positive, dtype=bool)
    count, rest = int(truth.sum()), int((~truth).sum())
    if not count or not rest:
        raise ValueError("both classes are needed for a ROC curve")
    above = float(_ranks(scores)[truth].sum()) - count * (count + 1) / 2
    return above / (count * rest)


def spearman(left: Sequence[float], right: Sequence[float]) -> float:
    """The correlation of the ranks, in [-1, 1]."""
    return float(np.corrcoef(_ranks(left), _ranks(right))[0, 1])


def accuracy(said: Sequence[str], true: Sequence[str]) -> float:
    """The share of equal pairs."""
    return sum(a == b for a, b in zip(said, true, strict=True)) / len(true)


def macro_f1(said: Sequence[str], true: Sequence[str]) -> float:
    """The mean over the true classes of 2 * hits / (said + true)."""
    scores = []
    for name in sorted(set(true)):
        hits = sum(a == b == name for a, b in zip(said, true, strict=True))
        scores.append(2 * hits / (list(said).count(name) + list(true).count(name)))
    return sum(scores) / len(scores)


def _ranks(values: Sequence[float]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share their mean rank."""
    _, inverse, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: NDArray[np.float64] = (last - (counts - 1) / 2)[inverse]
    return shared
