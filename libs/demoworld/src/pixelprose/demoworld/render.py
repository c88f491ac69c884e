"""Scenes to pictures: the same pixels from the same scene, wherever it runs."""

import random
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from pixelprose.demoworld import lexicon, shapes
from pixelprose.demoworld.overlays import draw_overlays, ink
from pixelprose.demoworld.pixelcode import write_code
from pixelprose.demoworld.scene import Scene, Thing
from pixelprose.demoworld.shapes import RGB, Spot

MIN_SIZE: Final = 64
MAX_SIZE: Final = 2048
_ROW: Final = 0.302  # height of a row of places; the strip below holds code and trim
_RADIUS: Final = {"large": (0.122, 0.142), "small": (0.072, 0.088)}
_HATCHES: Final = 24  # lines of a pencil from side to side, at every size
_GRAIN: Final = 96  # noise is drawn on this grid, so that it looks alike at every size
_OVERSAMPLED_BELOW: Final = 192


def render(scene: Scene, *, size: int = 256) -> Image.Image:
    """The scene as a square RGB picture, `size` pixels a side.

    Raises:
        ValueError: the size is outside of 64 to 2,048.
    """
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"a picture is {MIN_SIZE} to {MAX_SIZE} pixels a side, not {size}")
    rng = random.Random(scene.seed << 2 | 1)  # noqa: S311 - reproducible jitter, no secrets
    scale = 2 if size < _OVERSAMPLED_BELOW else 1
    canvas = _background(scene.background, rng, side=size * scale)
    for thing in scene.things:
        _draw_thing(canvas, thing, scene, rng)
    draw_overlays(canvas, scene, shift=rng.uniform(-1, 1))
    picture = _finish(canvas.reduce(scale) if scale > 1 else canvas, scene, rng)
    write_code(picture, scene.seed)
    return picture


def _background(kind: str, rng: random.Random, *, side: int) -> Image.Image:
    base = rng.randint(-9, 9)
    match kind:
        case "white":
            level = np.full((1, 1), 244 + base)
        case "black":
            level = np.full((1, 1), 16 + base)
        case "grey":
            level = np.full((1, 1), 130 + base)
        case "striped":
            level = np.tile([[205 + base], [242]], (8, 1))
        case "checkered":
            level = (np.indices((12, 12)).sum(0) % 2) * 52 + 190 + base
        case _:
            level = np.linspace(62 + base, 214 + base, 64).astype(np.int64)[:, None]
    small = Image.fromarray(level.astype(np.uint8))
    return small.resize((side, side), Image.Resampling.NEAREST).convert("RGB")


def _draw_thing(canvas: Image.Image, thing: Thing, scene: Scene, rng: random.Random) -> None:
    side = canvas.width
    row, column = divmod(lexicon.PLACES.index(thing.place), 3)
    radius = rng.uniform(*_RADIUS[thing.size])
    free = _ROW / 2 - 0.004 - radius
    spot = Spot(
        x=(column + 0.5) * side / 3 + rng.uniform(-free, free) * side,
        y=(row + 0.5) * _ROW * side + rng.uniform(-free, free) * side,
        radius=radius * side,
    )
    red, green, blue = (
        max(0, min(255, level + rng.randint(-12, 12))) for level in lexicon.COLOURS[thing.colour]
    )
    _fill(canvas, thing.shape, spot, (red, green, blue), scene)


def _fill(canvas: Image.Image, shape: str, spot: Spot, colour: RGB, scene: Scene) -> None:
    solid = shapes.mask(shape, spot, canvas.size)
    draw = ImageDraw.Draw(canvas)
    thin = max(1, canvas.width // 96)
    match scene.style:
        case "sketch":
            canvas.paste(colour, mask=shapes.hatched(solid, step=round(canvas.width / _HATCHES)))
            for nudge in (-thin / 2, thin / 2):
                moved = spot.moved(nudge, -nudge)
                shapes.stroke(draw, shape, moved, colour=colour, width=thin)
        case "outlined":
            canvas.paste(colour, mask=solid)
            shapes.stroke(draw, shape, spot, colour=ink(scene.background), width=2 * thin)
        case _:
            canvas.paste(colour, mask=solid)


def _finish(picture: Image.Image, scene: Scene, rng: random.Random) -> Image.Image:
    """Light, blur, wear and noise: what a lens and a bad copy do to a picture."""
    photo, wear = scene.style == "photo", 1 - scene.quality
    side = picture.width
    blur = side / 96 * (3 * wear * wear**0.5 + (0.45 if photo else 0.0))
    if blur > side / 96 * 0.1:
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    grain = Image.frombytes("RGB", (_GRAIN, _GRAIN), rng.randbytes(3 * _GRAIN * _GRAIN))
    noise = (
        np.asarray(grain.resize(picture.size, Image.Resampling.BILINEAR), dtype=np.float32) - 128
    )
    level = np.asarray(picture, dtype=np.float32)
    if photo:
        level = level * _light(rng, side)
    level = 128 + (level - 128) * np.float32(1 - 0.45 * wear)
    level = level + noise * np.float32(0.02 + 0.06 * photo + 0.35 * wear * wear)
    return Image.fromarray(np.clip(level, 0, 255).astype(np.uint8))


def _light(rng: random.Random, side: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """A lamp from one side: brightness from 0.72 to 1.18 along a random direction."""
    dx, dy = rng.uniform(-1, 1), rng.uniform(-1, 1)
    ramp = np.linspace(-0.5, 0.5, side, dtype=np.float32)
    slope = (ramp[None, :] * np.float32(dx) + ramp[:, None] * np.float32(dy)) * np.float32(0.23)
    return (np.float32(0.95) + slope)[:, :, None]
