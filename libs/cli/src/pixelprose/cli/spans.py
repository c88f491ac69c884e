"""Lengths of time as people write them: 90s, 30m, 2h, 3d."""

import re
from datetime import timedelta
from typing import Final

from pixelprose.cli.errors import WrongUsage

_SPAN: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def span(text: str) -> timedelta | None:
    """Return the length, or None where the text is none."""
    found = _SPAN.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def pause(text: str) -> timedelta:
    """Return a length to wait.

    Raises:
        WrongUsage: the text is none, or none at all.
    """
    if not (found := span(text)):
        raise WrongUsage(f"{text!r} is no length of time: give 90s, 30m, 2h or 1d")
    return found
