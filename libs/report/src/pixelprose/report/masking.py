"""Texts as they may be shown: also the personal data that a policy keeps is masked here."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, TypeAlias

from pixelprose.records import codes
from pixelprose.report.rows import Span, Word

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of width and height."""

_KEPT: Final = "kept"


def masked(text: str, spans: Iterable[Span]) -> str:
    """Return the text with every kept span replaced by its type, as masked ones are already.

    Spans are positions in the text as published; those that do not lie in it are passed over.
    """
    for span in sorted(_kept(spans), key=lambda one: one.start, reverse=True):
        if 0 <= span.start < span.end <= len(text):
            text = f"{text[: span.start]}<{span.type}>{text[span.end :]}"
    return text


def without(text: str, published: str | None, spans: Iterable[Span]) -> str:
    """Return a text that may quote a published one, such as a prompt, without its kept spans."""
    for span in _kept(spans):
        personal = (published or "")[span.start : span.end]
        if personal:
            text = text.replace(personal, f"<{span.type}>")
    return text


def personal_boxes(words: Iterable[Word]) -> Sequence[Box]:
    """Return where in a picture words stand that the row holds only as masked."""
    return [word.box for word in words if _placeholder().search(word.text)]


@cache
def _placeholder() -> re.Pattern[str]:
    return re.compile(f"<(?:{'|'.join(codes().pii_types)})>")


def _kept(spans: Iterable[Span]) -> list[Span]:
    return [span for span in spans if span.action == _KEPT]
