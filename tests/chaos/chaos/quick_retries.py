"""The ingester with retry tiers of seconds: `python -m chaos.quick_retries`."""

from typing import Final, cast

from pixelprose.host import run_service
from pixelprose.ingester.app import build
from pixelprose.ingester.settings import IngesterSettings
from pixelprose.records import topic_list

SECONDS: Final = (1, 2, 2)
"""What the tiers wait here; their topics keep their names."""


def hurry() -> None:
    """Shorten the tiers of this process."""
    tiers = cast("dict[str, int]", topic_list().retries.tiers)
    tiers.update(zip(tuple(tiers), SECONDS, strict=True))


if __name__ == "__main__":
    hurry()
    run_service("ingester", IngesterSettings, build)
