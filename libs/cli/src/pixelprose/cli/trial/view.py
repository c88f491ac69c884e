"""A trial for people, and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pixelprose.cli.redrive.masking import printable
from pixelprose.cli.trial.ending import Trial, state_of
from pixelprose.cli.trial.line import Turn
from pixelprose.records import (
    BLOCKED,
    CaptionAnnotated,
    CaptionGenerated,
    ImageAnnotated,
    ImageFetched,
    ImageScreened,
)
from pixelprose.records.counted import counted
from pixelprose.streamkit import DeadLetter, Emit, Later, Reject, Skip

_WIDEST = 10_000
"""Columns: a long line is folded by the terminal, not by YAML."""


def document(trial: Trial, files: Sequence[Path]) -> Mapping[str, Any]:
    """Return everything as plain values."""
    return {
        "state": trial.state,
        "steps": [_step(turn) for turn in trial.turns],
        "rows": trial.rows(),
        "files": [str(file) for file in files],
    }


def _step(turn: Turn) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        "step": turn.stage,
        "loading_seconds": round(turn.loading_seconds, 3),
        "seconds": round(turn.seconds, 3),
    }
    match turn.outcome:
        case Emit():
            return found | {"outcome": "passed"}
        case Reject(reason) if reason == BLOCKED:
            return found | {"outcome": "rejected", "reason": reason}
        case Reject(reason, detail, scores):
            return found | {
                "outcome": "rejected",
                "reason": reason,
                "detail": detail,
                "scores": dict(scores),
            }
        case Later(reason, detail) | DeadLetter(reason, detail):
            return found | {"outcome": state_of(turn.outcome), "reason": reason, "detail": detail}
        case Skip(reason):
            return found | {"outcome": "skipped", "reason": reason}


def record_view(row: Mapping[str, Any]) -> RenderableType:
    """Return a whole row, group by group."""
    text = yaml.safe_dump(row, sort_keys=False, allow_unicode=True, width=_WIDEST)
    lines = (Text(printable(line), overflow="fold") for line in text.splitlines())
    return Padding(Group(*lines), (0, 0, 1, 2), expand=False)


def turns_view(trial: Trial) -> RenderableType:
    """Return what each step did, how long it took, and what it saw."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("step", overflow="fold")
    table.add_column("loading", justify="right", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("outcome", overflow="fold")
    for turn in trial.turns:
        loading = f"{turn.loading_seconds:.1f} s" if turn.loading_seconds else ""
        table.add_row(turn.stage, loading, f"{turn.seconds:.2f} s", _outcome(turn))
    return table


def _outcome(turn: Turn) -> Text:
    match turn.outcome:
        case Emit():
            said = "; ".join(fact for one in turn.onward for fact in _facts(one.record))
            return Text(printable(said), style="green")
        case Reject(reason, detail, scores):
            if reason == BLOCKED:
                return Text(reason, style="red")
            numbers = ", ".join(f"{name} {value:.3g}" for name, value in scores.items())
            parts = [part for part in (f"rejected: {reason}", detail, numbers) if part]
            return Text(printable("; ".join(parts)), style="red")
        case Later(reason, detail):
            return Text(printable(f"would wait and be tried again: {reason}; {detail}"))
        case DeadLetter(reason, detail):
            return Text(printable(f"dead letter: {reason}; {detail}"), style="red")
        case Skip(reason):
            return Text(reason)


def _facts(record: object) -> Iterator[str]:
    match record:
        case ImageFetched(image=image, fetch=fetch):
            yield f"{image.format}, {image.width} x {image.height} pixels, {image.bytes:,} bytes"
            yield f"fetched in {fetch.seconds:.2f} s"
        case ImageScreened(screening=screening):
            yield f"NSFW score {screening.nsfw_score:.3f} (policy {screening.policy})"
            yield f"{counted(len(screening.hash_lists), 'known-hash list')}"
        case ImageAnnotated(signals=signals):
            yield f"aesthetic {signals.aesthetic:.1f}, {signals.style}"
            yield f"watermark {signals.watermark}, {counted(len(signals.words), 'word')} read"
        case CaptionGenerated(caption=caption):
            yield f"{counted(caption.completion_tokens, 'token')} by {caption.model.name}"
            yield f"policy {caption.policy}"
        case CaptionAnnotated(annotation=annotation):
            yield f"toxicity {annotation.toxicity.toxicity:.3f}"
            yield f"{counted(len(annotation.pii), 'span')} of personal data"


def end_view(trial: Trial, files: Sequence[Path]) -> RenderableType:
    """Return how it ended, with the captions, and where the pictures are."""
    lines: list[RenderableType] = [Text(trial.state, style="bold")]
    for one in trial.captions():
        caption = one.record.caption
        lines.append(Padding(Text(printable(caption.text)), (0, 0, 0, 2), expand=False))
        if caption.absent:
            absent = printable(", ".join(caption.absent))
            lines.append(
                Padding(Text(f"not there: {absent}", style="cyan"), (0, 0, 0, 2), expand=False)
            )
    lines += [Text(f"wrote {file}", style="dim", overflow="fold") for file in files]
    return Group(*lines)
