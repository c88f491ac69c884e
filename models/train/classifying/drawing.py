"""Pictures as the services read them: any size, through a lossy file and a JPEG rendition."""

import dataclasses
import io
import random
import string
from typing import Final

from PIL import Image, ImageDraw

from pixelprose.demoworld import Scene, encode, lexicon, render
from pixelprose.demoworld.encoding import Format
from pixelprose.demoworld.overlays import typeface

SIDES: Final = (64, 80, 96, 112, 128, 160, 192, 256, 384, 640, 1024)
SIDE_WEIGHTS: Final = (2, 4, 8, 6, 6, 4, 3, 6, 1, 0.4, 0.2)  # large renders are slow
OWN_WATERMARK, PANEL, TURNED = 0.4, 0.4, 0.5  # shares of the watermarks in training
FORMATS: Final[tuple[Format, ...]] = ("JPEG", "PNG", "GIF")
LIGHT_OVER: Final = ("black", "grey", "gradient")


def drawn_plain(of: Scene, rng: random.Random) -> Image.Image:
    """The scene in some size."""
    return render(of, size=rng.choices(SIDES, weights=SIDE_WEIGHTS)[0])


def drawn_overlaid(of: Scene, rng: random.Random) -> Image.Image:
    """The scene in some size, its watermark mostly replaced by one of any place, angle and look.

    With the world's three styles alone the model learns those and misses every other.
    """
    if not of.watermark or rng.random() < OWN_WATERMARK:
        return drawn_plain(of, rng)
    picture = drawn_plain(dataclasses.replace(of, watermark=None), rng)
    side = picture.width
    cover = Image.new("L", picture.size)
    draw = ImageDraw.Draw(cover)
    face = typeface(rng.choice(lexicon.fonts("train")), pixels=round(side * rng.uniform(0.07, 0.2)))
    text = "".join(rng.choices(string.ascii_uppercase, k=rng.randint(4, 9)))
    at = (side * rng.uniform(0.2, 0.8), side * rng.uniform(0.1, 0.85))
    if rng.random() < PANEL:
        draw.rectangle(draw.textbbox(at, text, font=face, anchor="mm"), fill=rng.randint(30, 100))
    draw.text(at, text, font=face, fill=rng.randint(100, 220), anchor="mm")
    if rng.random() < TURNED:
        cover = cover.rotate(rng.uniform(-60, 60), resample=Image.Resampling.BILINEAR)
    shades = (255, 235, 215) if of.background in LIGHT_OVER else (90, 70, 50)
    picture.paste((rng.choice(shades),) * 3, mask=cover)
    return picture


def rendition(picture: Image.Image, rng: random.Random) -> Image.Image:
    """The picture after a publisher's file and our own JPEG."""
    fmt = rng.choices(FORMATS, weights=(6, 2, 2))[0]
    published = Image.open(io.BytesIO(encode(picture, fmt))).convert("RGB")
    ours = io.BytesIO()
    published.save(ours, "JPEG", quality=rng.randint(55, 95))
    return Image.open(ours)
