"""Three sets of JPEG files made of noise with the spectrum of photographs, kept under build/."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path("build/bench/corpus")
_SLOPE = 1.3
"""Amplitudes fall with frequency to this power, a little less than those of photographs."""


@dataclass(frozen=True, slots=True)
class Set:
    """One kind of picture; `count` URLs of it make a run, over `kinds` different files."""

    name: str
    width: int
    height: int
    quality: int
    kinds: int
    count: int


SETS = (
    Set("thumbnails", 400, 300, 74, 48, 3600),
    Set("pictures", 1400, 1050, 78, 12, 360),
    Set("photos", 4000, 3000, 75, 4, 90),
)


def files(kind: Set) -> list[bytes]:
    """Return the files of a set, made once per machine."""
    found = []
    for seed in range(kind.kinds):
        path = FOLDER / f"{kind.name}-{seed}.jpg"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_jpeg(kind, seed))
        found.append(path.read_bytes())
    return found


def unique(data: bytes, mark: str) -> bytes:
    """Return the same picture as another file: a JPEG comment is all that differs."""
    comment = mark.encode()
    return data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]


def _jpeg(kind: Set, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    light = _noise(rng, kind.width, kind.height)
    tint = [_noise(rng, kind.width // 4, kind.height // 4) for _ in range(2)]
    planes = [
        Image.fromarray(np.clip(128 + contrast * plane, 0, 255).astype(np.uint8))
        for contrast, plane in ((60, light), (18, tint[0]), (18, tint[1]))
    ]
    size = (kind.width, kind.height)
    picture = Image.merge("YCbCr", [plane.resize(size) for plane in planes]).convert("RGB")
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=kind.quality)
    return buffer.getvalue()


def _noise(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    distance = np.sqrt(down**2 + across**2)
    distance[0, 0] = np.inf
    phases = rng.normal(size=distance.shape) + 1j * rng.normal(size=distance.shape)
    noise = np.fft.irfft2(phases / distance**_SLOPE, (height, width))
    return np.asarray(noise / noise.std())
