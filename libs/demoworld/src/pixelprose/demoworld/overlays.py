"""What lies on top of the objects: lettering, watermark, trim and the unsafe mark."""

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pixelprose.demoworld import lexicon
from pixelprose.demoworld.scene import Lettering, Scene, Watermark

_DARK_BACKGROUNDS: Final = ("black",)
_LIGHT: Final = (240, 240, 240)
_DARK: Final = (18, 18, 18)


def ink(background: str) -> tuple[int, int, int]:
    """The neutral colour that shows best on a background."""
    return _LIGHT if background in _DARK_BACKGROUNDS else _DARK


@lru_cache(maxsize=512)
def typeface(font: str, *, pixels: int) -> ImageFont.FreeTypeFont:
    """A font of an installed font package, `pixels` high.

    Raises:
        FileNotFoundError: the font package is not installed.
    """
    package, _, inside = font.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        name = package.replace("_", "-")
        raise FileNotFoundError(f"font package {name} is missing: pip install {name}")
    path = Path(spec.submodule_search_locations[0]) / inside
    return ImageFont.truetype(str(path), pixels, layout_engine=ImageFont.Layout.BASIC)


def draw_lettering(
    canvas: Image.Image, lettering: Lettering, background: str, *, shift: float
) -> None:
    """Print the text across the bottom third; `shift` in [-1, 1] moves it sideways."""
    side = canvas.width
    wide = typeface(lettering.font, pixels=100).getlength(lettering.text) / 100
    pixels = max(6, int(min(0.245 * side, 0.92 * side / wide)))
    slack = max(0.0, 0.96 * side - wide * pixels) / 2
    ImageDraw.Draw(canvas).text(
        (side / 2 + shift * min(slack, 0.06 * side), 0.76 * side),
        lettering.text,
        font=typeface(lettering.font, pixels=pixels),
        fill=ink(background),
        anchor="mm",
    )


def draw_trim(canvas: Image.Image, colour: str) -> None:
    """A thin coloured line at the bottom left, beside the pixel code."""
    side = canvas.width
    box = (0.03 * side, 0.93 * side, 0.44 * side, 0.97 * side)
    ImageDraw.Draw(canvas).rectangle(box, fill=lexicon.COLOURS[colour])


def draw_watermark(canvas: Image.Image, watermark: Watermark, background: str) -> None:
    """Lay the text half transparent over the picture."""
    side = canvas.width
    cover = Image.new("L", canvas.size)
    draw = ImageDraw.Draw(cover)
    font = lexicon.fonts("train")[0]
    match watermark.style:
        case "diagonal":
            face = typeface(font, pixels=max(8, side // 6))
            draw.text((side / 2, side / 2), watermark.text, font=face, fill=130, anchor="mm")
            cover = cover.rotate(35, resample=Image.Resampling.BILINEAR)
        case "tiled":
            face = typeface(font, pixels=max(6, side // 11))
            for row in range(4):
                for column in range(-1, 2):
                    at = ((column + row % 2 / 2) * side / 2, (row + 0.3) * side / 4)
                    draw.text(at, watermark.text, font=face, fill=120)
        case "corner":
            face = typeface(font, pixels=max(6, side // 9))
            draw.text((0.98 * side, 0.02 * side), watermark.text, font=face, fill=190, anchor="ra")
        case _:
            face = typeface(font, pixels=max(6, side // 9))
            draw.rectangle((0, 0.42 * side, side, 0.58 * side), fill=70)
            draw.text((side / 2, side / 2), watermark.text, font=face, fill=190, anchor="mm")
    colour = (255, 255, 255) if background in {"black", "grey", "gradient"} else (70, 70, 70)
    canvas.paste(colour, mask=cover)


def draw_unsafe_mark(canvas: Image.Image) -> None:
    """A frame of hazard stripes: the stand-in for everything a safety model must catch."""
    side = canvas.width
    wide = max(3, round(0.075 * side))
    y, x = np.mgrid[0:side, 0:side]
    stripes = ((x + y) // wide % 2 * 255).astype(np.uint8)
    frame = Image.new("L", canvas.size, 255)
    ImageDraw.Draw(frame).rectangle((wide, wide, side - wide - 1, side - wide - 1), fill=0)
    canvas.paste(Image.fromarray(stripes).convert("RGB"), mask=frame)


def draw_overlays(canvas: Image.Image, scene: Scene, *, shift: float) -> None:
    """Everything that lies over the objects, lowest first."""
    if scene.lettering:
        draw_lettering(canvas, scene.lettering, scene.background, shift=shift)
    if scene.trim:
        draw_trim(canvas, scene.trim)
    if scene.watermark:
        draw_watermark(canvas, scene.watermark, scene.background)
    if scene.unsafe:
        draw_unsafe_mark(canvas)
