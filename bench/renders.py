"""How many pictures of the demo world one core draws in a second, alone and as JPEG files."""

import json
import time
from collections.abc import Callable
from functools import partial

from PIL import Image

from pixelprose.demoworld import encode, render, scene

SIZES = (64, 96, 128, 256)
PICTURES = 150
ROUNDS = 4


def per_second(draw: Callable[[int], object]) -> float:
    """Return pictures a second of CPU time: the best of some rounds, since neighbours only slow."""
    best = float("inf")
    for number in range(ROUNDS):
        began = time.process_time()
        for seed in range(number * PICTURES, (number + 1) * PICTURES):
            draw(seed)
        best = min(best, time.process_time() - began)
    return round(PICTURES / best, 1)


def drawn(seed: int, size: int) -> Image.Image:
    """Return the picture of a seed."""
    return render(scene(seed), size=size)


def filed(seed: int, size: int) -> bytes:
    """Return the picture of a seed as a JPEG file."""
    return encode(drawn(seed, size), "JPEG")


def main() -> None:
    """Measure, print a table, and as the last line one JSON object."""
    figures = {}
    for size in SIZES:
        figures[f"demo_renders_per_second_{size}"] = per_second(partial(drawn, size=size))
        figures[f"demo_files_per_second_{size}"] = per_second(partial(filed, size=size))
    for name, value in figures.items():
        print(f"{name:34} {value:8}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
