"""The card that goes beside the weights."""

from collections.abc import Mapping
from typing import Any, Final

from classifying.tasks import Task
from classifying.training import FRESH, INPUT_SIDE, REPLAYED

CARD: Final = """\
---
license: apache-2.0
library_name: transformers
pipeline_tag: image-classification
---
# demo {name} classifier

A ResNet of {millions:.2f} M parameters that tells {labels} in pictures of the **demo world** only.
It looks for {sees}.

It lets the pipeline run without a network and proves its plumbing. On any other picture its answer
means nothing; never use it to judge real images.

- Input: RGB of any size, scaled to {side} x {side} by the saved preprocessor.
- Load: `AutoImageProcessor` and `AutoModelForImageClassification` of this folder, float32.
- Trained: `python models/train/classifiers.py {name} --seed {seed}`, on one CPU thread for {steps}
  steps of {batch} pictures, sizes 64 to 1,024, JPEG quality 55 to 95.
- Training data: procedural scenes alone, nothing collected, nobody's pictures.

Figures on {pictures} pictures of seeds that training never draws, some with words, fonts and
watermark styles that it never draws either{caveat}:

| figure | value |
|---|---|
{rows}

Confusion (rows: truth; columns: {columns}):

| | {columns_row} |
|---|{rule}
{confusion}

{cannot}They are checks of the plumbing, not a measure of quality on real images.
"""


def card(task: Task, result: Mapping[str, Any], **facts: float) -> str:
    """The model's README."""
    plain = {k: v for k, v in result.items() if isinstance(v, float)}
    return CARD.format(
        name=task.name,
        labels=", ".join(f"`{label}`" for label in task.labels),
        sees=task.sees,
        side=INPUT_SIDE,
        batch=FRESH + REPLAYED,
        pictures=result["demo_pictures"],
        cannot=f"{task.cannot} " if task.cannot else "",
        caveat="" if task.name == "nsfw" else ", spoiled ones left out",
        rows="\n".join(f"| {name} | {value} |" for name, value in plain.items()),
        columns=", ".join(task.labels),
        columns_row=" | ".join(task.labels),
        rule="---|" * len(task.labels),
        confusion="\n".join(
            f"| {label} | {' | '.join(map(str, row))} |"
            for label, row in result["demo_confusion"].items()
        ),
        **facts,
    )
