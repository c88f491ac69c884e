"""The sink's decisions: which records become rows."""

from pixelprose.records import BLOCKED, CaptionAnnotated, ImageAnnotated, ImageRejected
from pixelprose.streamkit import Emit, Outcome, Skip


def keep_caption(record: CaptionAnnotated) -> Outcome[CaptionAnnotated]:
    """Every caption becomes a row."""
    return Emit((record,))


def keep_image(record: ImageAnnotated) -> Outcome[ImageAnnotated]:
    """Every screened and annotated image becomes a row."""
    return Emit((record,))


def keep_rejection(record: ImageRejected) -> Outcome[ImageRejected]:
    """Every rejection becomes a row, except those of known-hash hits.

    A table that people share must not list where known illegal images can be found; the
    restricted incidents topic has them.
    """
    if record.reason == BLOCKED:
        return Skip("restricted")
    return Emit((record,))
