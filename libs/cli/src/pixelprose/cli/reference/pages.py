"""Which pages there are, and who makes each."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from pixelprose.cli.reference import (
    codes_page,
    commands_page,
    exit_codes_page,
    metrics_page,
    records_page,
    settings_page,
    topics_page,
)
from pixelprose.lake.reference import reference as tables

_MAKERS: Final[Mapping[str, Callable[[], str]]] = {
    "codes.md": codes_page.page,
    "commands.md": commands_page.page,
    "exit-codes.md": exit_codes_page.page,
    "metrics.md": metrics_page.page,
    "records.md": records_page.page,
    "settings.md": settings_page.page,
    "tables.md": tables,
    "topics.md": topics_page.page,
}


@cache
def pages() -> Mapping[str, str]:
    """Return the text of every page by the name of its file."""
    return {name: make() for name, make in _MAKERS.items()}
