"""Where a decoder's time goes, part by part: in a process that is told what decoders are told."""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pdqhash  # type: ignore[import-untyped]
from PIL import Image

from pixelprose.ingester.decode import decode
from pixelprose.ingester.decoders import THRIFTY
from pixelprose.ingester.limits import DecodeLimits
from pixelprose.ingester.scale import BILINEAR, LANCZOS, scaled

ROUNDS = 12


def milliseconds(call: Callable[[], object]) -> float:
    """Processor time of one call: the least of some, since neighbours only add."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        call()
        best = min(best, time.process_time() - began)
    return best * 1e3


def decode_stages(data: bytes) -> dict[str, float]:
    """Milliseconds of the whole decode of a JPEG, and of its four large parts."""
    command = [sys.executable, "-m", "bench.ingest.stages"]
    env = os.environ | THRIFTY
    said = subprocess.run(command, input=data, stdout=subprocess.PIPE, env=env, check=True)
    found: dict[str, float] = json.loads(said.stdout)
    return found


def _stages(data: bytes) -> dict[str, float]:
    limits = DecodeLimits()
    with Image.open(io.BytesIO(data)) as image:
        fit = min(1.0, limits.rendition_side / max(image.size))
        size = round(image.width * fit), round(image.height * fit)

    def pixels() -> Image.Image:
        opened = Image.open(io.BytesIO(data))
        opened.draft(None, size)
        opened.load()
        return opened

    loaded = pixels()
    rendition = scaled(loaded, size, kernel=LANCZOS)
    half = min(1.0, 512 / max(size))
    small = round(size[0] * half), round(size[1] * half)
    return {
        "whole": milliseconds(lambda: decode(data, limits)),
        "jpeg_decode": milliseconds(pixels),
        "scale": milliseconds(lambda: scaled(loaded, size, kernel=LANCZOS)),
        "pdq": milliseconds(
            lambda: pdqhash.compute(np.asarray(scaled(rendition, small, kernel=BILINEAR)))
        ),
        "jpeg_encode": milliseconds(
            lambda: rendition.save(io.BytesIO(), "JPEG", quality=limits.rendition_quality)
        ),
    }


if __name__ == "__main__":
    print(json.dumps(_stages(sys.stdin.buffer.read())))
