"""Helpers of the training alone: heads that ask the vision tower what is where.

They make the tower look before the language side is able to ask. They are not shipped.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from captioning.model import GRID, WIDTH
from pixelprose.demoworld import Scene, lexicon

_COLOURS: Final = tuple(lexicon.COLOURS)
_TEXTS: Final = (
    "",
    *(text for kind in lexicon.LETTERING_KINDS for text in lexicon.printed(kind, "train")),
)
_PER_CELL: Final = GRID // 3
_CELL_PARTS: Final = (1 + len(lexicon.SHAPES), len(_COLOURS), len(lexicon.SIZES))
_WHOLE: Final = (len(lexicon.BACKGROUNDS), len(lexicon.STYLES), 1 + len(_COLOURS), 2)
_UNKNOWN: Final = -1


class Heads(nn.Module):
    """Linear heads over the features of the patches, (batch, GRID * GRID, WIDTH)."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Linear(WIDTH, sum(_CELL_PARTS))
        self.cell = nn.Linear(WIDTH * _PER_CELL**2, sum(_CELL_PARTS))
        self.whole = nn.Linear(WIDTH, sum(_WHOLE))
        self.text = nn.Linear(WIDTH * GRID * GRID // 2, len(_TEXTS))

    def loss(self, features: torch.Tensor, scenes: Sequence[Scene]) -> torch.Tensor:
        """How far the heads are from the truth, in nats: a weighted sum over all questions."""
        count = len(features)
        cells = features.view(count, 3, _PER_CELL, 3, _PER_CELL, WIDTH).transpose(2, 3)
        cells = cells.reshape(count, 9, _PER_CELL**2, WIDTH)
        things = torch.tensor([_cell_labels(scene) for scene in scenes])
        per_token = things[:, :, None].expand(-1, -1, _PER_CELL**2, -1)
        whole = torch.tensor([_whole_labels(scene) for scene in scenes])
        text = torch.tensor([_text_label(scene) for scene in scenes])
        return (
            _loss(self.cell(cells.flatten(2)), things, _CELL_PARTS)
            + 0.4 * _loss(self.token(cells), per_token, _CELL_PARTS)
            + 0.4 * _loss(self.whole(features.mean(1)), whole, _WHOLE)
            + cross_entropy(self.text(features[:, GRID * GRID // 2 :].flatten(1)), text)
        )


def _loss(scores: torch.Tensor, labels: torch.Tensor, parts: Sequence[int]) -> torch.Tensor:
    split = torch.split(scores.flatten(0, -2), list(parts), dim=-1)
    wanted = labels.flatten(0, -2).unbind(-1)
    losses = [
        cross_entropy(part, label, ignore_index=_UNKNOWN)
        for part, label in zip(split, wanted, strict=True)
    ]
    return torch.stack(losses).sum()


def _cell_labels(scene: Scene) -> list[tuple[int, int, int]]:
    labels = [(0, _UNKNOWN, _UNKNOWN)] * len(lexicon.PLACES)
    for thing in scene.things:
        labels[lexicon.PLACES.index(thing.place)] = (
            1 + lexicon.SHAPES.index(thing.shape),
            _COLOURS.index(thing.colour),
            lexicon.SIZES.index(thing.size),
        )
    return labels


def _whole_labels(scene: Scene) -> tuple[int, int, int, int]:
    return (
        lexicon.BACKGROUNDS.index(scene.background),
        lexicon.STYLES.index(scene.style),
        1 + _COLOURS.index(scene.trim) if scene.trim else 0,
        int(scene.watermark is not None),
    )


def _text_label(scene: Scene) -> int:
    return _TEXTS.index(scene.lettering.text if scene.lettering else "")
