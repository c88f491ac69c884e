"""What publishers say about use in the headers of an answer, noted as seen."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from pixelprose.records import ConsentSignal

SIGNALS = {
    "x-robots-tag": "X-Robots-Tag",
    "tdm-reservation": "TDM-Reservation",
    "tdm-policy": "TDM-Policy",
    "content-usage": "Content-Usage",
}
LONGEST = 256
"""Characters of a value that are kept."""

MOST = 16
"""Signals of one answer that are kept."""


def signals(headers: Iterable[tuple[str, str]], *, seen_at: datetime) -> tuple[ConsentSignal, ...]:
    """Return every signal among the headers, in their order."""

    def seen() -> Iterator[ConsentSignal]:
        for name, value in headers:
            if known := SIGNALS.get(name.lower()):
                yield ConsentSignal(name=known, value=text(value)[:LONGEST], seen_at=seen_at)

    return tuple(seen())[:MOST]


def text(value: str) -> str:
    """Return a header's value as text that every encoder takes; stray bytes become U+FFFD."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
