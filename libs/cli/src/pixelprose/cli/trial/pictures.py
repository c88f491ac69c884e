"""What the steps saw: our rendition, and the words that were read in it."""

import io
from collections.abc import Iterator
from pathlib import Path

import PIL.Image
import PIL.ImageDraw

from pixelprose.cli.trial.ending import Trial
from pixelprose.objectstore import ObjectStore, quarantine_rendition
from pixelprose.records import ImageAnnotated, ImageFetched, Word

_COLOUR = (230, 0, 120)


def write_pictures(trial: Trial, store: ObjectStore, folder: Path) -> Iterator[Path]:
    """Yield the files that were written; a known hash leaves none."""
    if trial.state == "blocked":
        return
    records = [one.record for turn in trial.turns for one in turn.onward]
    for record in records:
        if isinstance(record, ImageFetched):
            rendition = folder / "rendition.jpg"
            rendition.write_bytes(store.get(quarantine_rendition(record.image.sha256)))
            yield rendition
        if isinstance(record, ImageAnnotated) and record.signals.words:
            data = store.get(quarantine_rendition(record.image.sha256))
            yield _with_words(data, record.signals.words, folder / "words.png")


def _with_words(rendition: bytes, words: tuple[Word, ...], path: Path) -> Path:
    with PIL.Image.open(io.BytesIO(rendition), formats=("JPEG",)) as opened:
        picture = opened.convert("RGB")
    draw = PIL.ImageDraw.Draw(picture)
    for word in words:
        left, top, right, bottom = word.box
        width, height = picture.size
        box = (left * width, top * height, right * width, bottom * height)
        draw.rectangle(box, outline=_COLOUR, width=2)
    picture.save(path)
    return path
