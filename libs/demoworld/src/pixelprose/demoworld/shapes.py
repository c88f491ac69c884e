"""Shapes as masks and strokes, so that every style can fill them its own way."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops, ImageDraw

RGB = tuple[int, int, int]
_HOLE: Final = 0.52  # inner radius of a ring, as a share of the outer one


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a shape goes, in pixels: its centre and its radius."""

    x: float
    y: float
    radius: float

    def box(self, share: float = 1.0) -> tuple[float, float, float, float]:
        """The square around the centre, as far as a share of the radius."""
        reach = self.radius * share
        return (self.x - reach, self.y - reach, self.x + reach, self.y + reach)

    def moved(self, dx: float, dy: float) -> "Spot":
        """The same spot, some pixels away."""
        return Spot(self.x + dx, self.y + dy, self.radius)


def mask(shape: str, spot: Spot, size: tuple[int, int]) -> Image.Image:
    """White where the shape is, on a black picture of that size."""
    picture = Image.new("L", size)
    draw = ImageDraw.Draw(picture)
    if shape in _CORNERS:
        draw.polygon(_CORNERS[shape](spot), fill=255)
        return picture
    draw.ellipse(spot.box(), fill=255)
    if shape == "ring":
        draw.ellipse(spot.box(_HOLE), fill=0)
    return picture


def stroke(draw: ImageDraw.ImageDraw, shape: str, spot: Spot, *, colour: RGB, width: int) -> None:
    """Draw the shape's outline."""
    if shape in _CORNERS:
        points = _CORNERS[shape](spot)
        draw.line([*points, *points[:2]], fill=colour, width=width, joint="curve")
        return
    draw.ellipse(spot.box(), outline=colour, width=width)
    if shape == "ring":
        draw.ellipse(spot.box(_HOLE), outline=colour, width=width)


def hatched(solid: Image.Image, *, step: int) -> Image.Image:
    """The mask as a pencil fills it: diagonal lines, `step` pixels apart."""
    width, height = solid.size
    lines = Image.new("L", solid.size)
    draw = ImageDraw.Draw(lines)
    for x in range(-height, width, step):
        draw.line((x, height, x + height, 0), fill=255, width=max(1, step // 2))
    return ImageChops.multiply(solid, lines)


def _square(spot: Spot) -> list[tuple[float, float]]:
    left, top, right, bottom = spot.box(0.86)
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _triangle(spot: Spot) -> list[tuple[float, float]]:
    left, top, right, bottom = spot.box()
    return [
        (spot.x, top),
        (right, bottom - 0.12 * spot.radius),
        (left, bottom - 0.12 * spot.radius),
    ]


def _star(spot: Spot) -> list[tuple[float, float]]:
    reach = [spot.radius * (1.08 if k % 2 == 0 else 0.42) for k in range(10)]
    turn = [math.pi * k / 5 for k in range(10)]
    return [
        (spot.x + r * math.sin(a), spot.y - r * math.cos(a))
        for r, a in zip(reach, turn, strict=True)
    ]


def _cross(spot: Spot) -> list[tuple[float, float]]:
    far, near = spot.radius, spot.radius * 0.34
    steps = [(-near, -far), (near, -far), (near, -near), (far, -near), (far, near), (near, near)]
    return [(spot.x + dx, spot.y + dy) for dx, dy in steps + [(-dx, -dy) for dx, dy in steps]]


_CORNERS: Final[dict[str, Callable[[Spot], list[tuple[float, float]]]]] = {
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
}
