"""Where the things that are counted and compared lie in a row: SQL on a table's columns."""

from collections.abc import Mapping
from typing import Final

POSITION: Final = "lineage"
"""The group that holds topic, partition and offset of the row's record."""

_DAY: Final = "ingest_date"

COUNTED_BY: Final[Mapping[str, Mapping[str, str]]] = {
    "captions": {
        "day": _DAY,
        "source": "dataset",
        "model": "caption['model']['name']",
        "policy": "caption['policy']",
    },
    "images": {"day": _DAY, "source": "dataset", "style": "signals['style']"},
    "rejections": {"day": _DAY, "source": "dataset", "stage": "stage", "reason": "reason"},
    "dead_letters": {"day": _DAY, "stage": "stage", "reason": "reason"},
}
"""What `show` counts rows by, per table."""
