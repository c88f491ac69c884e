"""Pieces of a page in Markdown."""

from collections.abc import Iterable, Sequence


def title(name: str, *, source: str) -> str:
    """Return the head of a page; `source` says what it is made from."""
    return f"# {name}\n\nMade by `make reference` from {source}; do not edit.\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells may hold Markdown."""
    head = [_row(columns), _row("---" for _ in columns)]
    return "\n".join([*head, *map(_row, rows)]) + "\n"


def code(text: str) -> str:
    """Return the text as code, or nothing for none."""
    return f"`{text}`" if text else ""


def codes(texts: Iterable[str]) -> str:
    """Return each as code, with commas between."""
    return ", ".join(map(code, texts))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |".replace("|  |", "| |")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
