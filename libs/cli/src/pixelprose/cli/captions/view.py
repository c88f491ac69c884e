"""A caption for people, or as a line of JSON."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pixelprose.cli.redrive.masking import printable

Values = Mapping[str, Any]
"""A row of the table `captions` as plain values."""


def line(row: Values) -> str:
    """Return the whole row as JSON, as `pixelprose export jsonl` writes it."""
    return json.dumps(row, ensure_ascii=False, default=_plain)


def card(row: Values) -> RenderableType:
    """Return the caption with what people judge it by; it fits any width and cuts nothing."""
    head = Text(overflow="fold")
    head.append(row["ingested_at"].strftime("%Y-%m-%d %H:%M:%S"), style="dim")
    head.append(f"  {printable(row['dataset'])}", style="bold")
    head.append(f"  {printable(row['source']['url'])}", style="dim")
    caption = row["caption"]
    body = Text(printable(caption["text"]), overflow="fold")
    lines: list[RenderableType] = [body]
    if caption["absent"]:
        lines.append(Text(f"not there: {printable(', '.join(caption['absent']))}", style="cyan"))
    lines.append(Text(" · ".join(_facts(row)), style="dim"))
    return Group(head, Padding(Group(*lines), (0, 0, 1, 2), expand=False))


def _facts(row: Values) -> Iterator[str]:
    signals, caption = row["signals"], row["caption"]
    yield f"aesthetic {signals['aesthetic']:.1f}"
    yield signals["style"]
    yield f"watermark {signals['watermark']}"
    yield f"toxicity {row['annotation']['toxicity']['toxicity']:.2f}"
    yield f"licence {printable(row['rights']['licence'] or 'unknown')}"
    yield f"{caption['policy']}, {printable(caption['model']['name'])}"
    yield f"submission {row['submission_id'][:12]}"
    if row["attempt"]:
        yield f"attempt {row['attempt']}"


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"no JSON for {value!r}")
