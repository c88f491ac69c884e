"""The scores of a record against the truth, over many records: ROC curves and ranks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pixelprose.demoworld.metrics import accuracy, roc_auc, spearman
from pixelprose.demoworld.truth import Truth

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scores:
    """What the models said of one picture; None where none was asked.

    Attributes:
        nsfw: the chance that it is unsafe.
        watermark: the chance that it has a watermark.
        aesthetic: from 1 to 10.
        style: the likeliest style.
        words: the texts that were read in it.
    """

    nsfw: float | None = None
    watermark: float | None = None
    aesthetic: float | None = None
    style: str | None = None
    words: tuple[str, ...] | None = None


def judge_scores(scored: Sequence[tuple[Scores, Truth]]) -> dict[str, float | None]:
    """The figures of many records; None where no record, or only one class, speaks of it."""
    return {
        "demo_score_nsfw_roc_auc": _roc(
            [(s.nsfw, t.unsafe) for s, t in scored if s.nsfw is not None]
        ),
        "demo_score_watermark_roc_auc": _roc(
            [
                (s.watermark, t.watermark == "watermark")
                for s, t in scored
                if s.watermark is not None and t.fully_visible
            ]
        ),
        "demo_score_aesthetic_spearman": _if_any(
            spearman, [(s.aesthetic, t.aesthetic) for s, t in scored if s.aesthetic is not None]
        ),
        "demo_score_style_accuracy": _if_any(
            accuracy, [(s.style, t.style.value) for s, t in scored if s.style and t.style.visible]
        ),
        "demo_score_words_read": _words(scored),
    }


def _roc(pairs: Sequence[tuple[float, bool]]) -> float | None:
    positive = [holds for _, holds in pairs]
    if len(set(positive)) < 2:  # noqa: PLR2004 - a curve needs both classes
        return None
    return roc_auc([score for score, _ in pairs], positive=positive)


def _if_any(
    figure: Callable[[Sequence[T], Sequence[T]], float], pairs: Sequence[tuple[T, T]]
) -> float | None:
    if len(pairs) < 2:  # noqa: PLR2004 - one value has no rank
        return None
    return figure([said for said, _ in pairs], [true for _, true in pairs])


def _words(scored: Sequence[tuple[Scores, Truth]]) -> float | None:
    """The share of clear printed texts that were read as they are, case counting."""
    hits = [
        t.lettering.value.text in s.words
        for s, t in scored
        if s.words is not None and t.lettering and t.crisp and t.watermark != "watermark"
    ]
    return sum(hits) / len(hits) if hits else None
