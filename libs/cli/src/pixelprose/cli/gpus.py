"""GPUs as people name them: 0-3,6."""

import re

from pixelprose.cli.errors import WrongUsage


def gpu_numbers(text: str) -> tuple[int, ...]:
    """Return the GPUs that `0-3,6` names.

    Raises:
        WrongUsage: it names none, one twice, or is no such list.
    """
    found: list[int] = []
    for part in text.split(","):
        span = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        if span is None:
            raise WrongUsage(f"--gpus {text!r}: give numbers such as 0, 0-7 or 0,2,5")
        first, last = span.groups()
        found.extend(range(int(first), int(last or first) + 1))
    if not found or len(set(found)) < len(found):
        raise WrongUsage(f"--gpus {text!r}: name each GPU once")
    return tuple(found)
