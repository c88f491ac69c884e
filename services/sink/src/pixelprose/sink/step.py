"""The sink's decisions: which records become rows."""

from pixelprose.records import BLOCKED, ImageRejected
from pixelprose.streamkit import Emit, Outcome, Skip


def keep_rejection(record: ImageRejected) -> Outcome[ImageRejected]:
    """Every rejection becomes a row, except those of known-hash hits.

    A table that people share must not list where known illegal images can be found; the
    restricted incidents topic has them.
    """
    if record.reason == BLOCKED:
        return Skip("restricted")
    return Emit((record,))
