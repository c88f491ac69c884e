"""Pictures drawn once and read often: scenes at the model's size, in one file of raw bytes.

An album may be read while it is drawn, and goes on where an earlier drawing stopped.
"""

import io
import multiprocessing
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captioning.variety import in_another_font, overlaid
from pixelprose.demoworld import encode, render, scene
from pixelprose.demoworld.truth import BLURRED_FROM

IMAGE_SIDE: Final = 96
_BYTES: Final = IMAGE_SIDE * IMAGE_SIDE * 3
_CHUNK: Final = 250
_LARGE_SIDES: Final = (128, 192, 224)
_LARGE_EVERY: Final = 3
_SPOILED_KEPT: Final = 8  # of the pictures that hide facts, one in so many


@dataclass(frozen=True, slots=True)
class Album:
    """Pictures as (count, side, side, 3) bytes, and the seed of each."""

    pictures: NDArray[np.uint8]
    seeds: NDArray[np.int64]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """What is drawn by now; the pictures stay on disk.

        Raises:
            FileNotFoundError: nothing is drawn yet.
        """
        file = folder / "pictures.u8"
        count = file.stat().st_size // _BYTES if file.exists() else 0
        if count == 0:
            raise FileNotFoundError(f"no picture is drawn in {folder}")
        shape = (count, IMAGE_SIDE, IMAGE_SIDE, 3)
        pictures = np.memmap(file, np.uint8, "r", shape=shape)
        return cls(pictures, np.load(folder / "seeds.npy")[:count])


def draw_album(folder: Path, *, count: int, first_seed: int, processes: int = 1) -> None:
    """Draw `count` scenes from `first_seed` on, those that are not drawn yet."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds = _seeds(first_seed, count)
    np.save(folder / "seeds.npy", np.array(seeds, dtype=np.int64))
    with (folder / "pictures.u8").open("ab") as file:
        drawn = file.tell() // (_CHUNK * _BYTES) * _CHUNK
        file.truncate(drawn * _BYTES)
        chunks = [seeds[start : start + _CHUNK] for start in range(drawn, count, _CHUNK)]
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            for pictures in pool.imap(_draw, chunks):
                file.write(pictures)
                file.flush()


def picture(seed: int) -> NDArray[np.uint8]:
    """One scene at the model's size, in more variety than the world has.

    Every third seed comes the way of a web image: larger, as JPEG, resized.
    """
    rng = random.Random(seed << 2 | 3)
    described = in_another_font(scene(seed), rng)
    if seed % _LARGE_EVERY:
        return np.asarray(overlaid(render(described, size=IMAGE_SIDE), described, rng))
    large = overlaid(render(described, size=rng.choice(_LARGE_SIDES)), described, rng)
    image = Image.open(io.BytesIO(encode(large, "JPEG")))
    return np.asarray(image.resize((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.BICUBIC))


def _seeds(first: int, count: int) -> list[int]:
    """Scenes that show their facts, and a few that hide some, so that a bad copy is no surprise."""
    found: list[int] = []
    seed = first
    while len(found) < count:
        if scene(seed).quality >= BLURRED_FROM or seed % _SPOILED_KEPT == 0:
            found.append(seed)
        seed += 1
    return found


def _draw(seeds: list[int]) -> bytes:
    return b"".join(picture(seed).tobytes() for seed in seeds)
