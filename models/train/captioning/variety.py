"""More variety than the world's training split has: fonts and overlays of every kind.

With four fonts and three watermark styles a model learns those and stumbles over every other.
What is held out stays so: its fonts are of other packages, its watermark style is drawn nowhere.
"""

import dataclasses
import random
import string
from typing import Final

from PIL import Image, ImageDraw

from pixelprose.demoworld import Scene, lexicon
from pixelprose.demoworld.overlays import typeface

_FONT_SHARE: Final = 0.5
_OVERLAY_SHARE: Final = 0.25
_FONTS: Final = (
    *(
        f"font_source_sans_pro/files/SourceSansPro-{cut}.ttf"
        for cut in ("Regular", "Semibold", "Black", "It", "BoldIt", "SemiboldIt")
    ),
    *(
        f"font_source_serif_pro/files/SourceSerifPro-{cut}.ttf"
        for cut in ("Regular", "Semibold", "Black")
    ),
    *(f"font_caladea/files/Caladea-{cut}.ttf" for cut in ("Regular", "Italic", "BoldItalic")),
)
_LIGHT_OVER: Final = ("black", "grey", "gradient")


def in_another_font(of: Scene, rng: random.Random) -> Scene:
    """The scene, its lettering in half of the cases in another cut of the known families."""
    if of.lettering is None or rng.random() >= _FONT_SHARE:
        return of
    return dataclasses.replace(
        of, lettering=dataclasses.replace(of.lettering, font=rng.choice(_FONTS))
    )


def overlaid(picture: Image.Image, of: Scene, rng: random.Random) -> Image.Image:
    """The picture, at times under a half transparent text, panel or both, anywhere and turned."""
    if of.watermark or rng.random() >= _OVERLAY_SHARE:
        return picture
    side = picture.width
    cover = Image.new("L", picture.size)
    draw = ImageDraw.Draw(cover)
    face = typeface(rng.choice(lexicon.fonts("train")), pixels=round(side * rng.uniform(0.08, 0.2)))
    text = "".join(rng.choices(string.ascii_uppercase, k=rng.randint(4, 9)))
    at = (side * rng.uniform(0.2, 0.8), side * rng.uniform(0.08, 0.85))
    match rng.choice(("box", "column", "bare")):
        case "box":
            draw.rectangle(draw.textbbox(at, text, font=face, anchor="mm"), fill=_veil(rng))
        case "column":
            wide = side * rng.uniform(0.04, 0.11)
            draw.rectangle((at[0] - wide, 0, at[0] + wide, side), fill=_veil(rng))
    draw.text(at, text, font=face, fill=rng.randint(90, 210), anchor="mm")
    if rng.random() < 0.5:
        cover = cover.rotate(rng.uniform(-50, 50), resample=Image.Resampling.BILINEAR)
    shades = (255, 235, 215) if of.background in _LIGHT_OVER else (90, 70, 50)
    marked = picture.copy()
    marked.paste((rng.choice(shades),) * 3, mask=cover)
    return marked


def _veil(rng: random.Random) -> int:
    return rng.randint(30, 110)
