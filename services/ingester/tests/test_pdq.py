"""Our PDQ beside the reference's."""

from importlib.metadata import version

import numpy as np
import pdqhash  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pixelprose.ingester.pdq import VERSION, pdq


def reference(image: Image.Image) -> tuple[int, int]:
    bits, quality = pdqhash.compute(np.asarray(image))
    return int(np.packbits(bits).tobytes().hex(), 16), int(quality)


def apart(image: Image.Image) -> tuple[int, int]:
    """Bits and points of quality between ours and the reference's."""
    digits, quality = pdq(image)
    bits, expected = reference(image)
    return (int(digits, 16) ^ bits).bit_count(), abs(quality - expected)


def clouds(seed: int, size: tuple[int, int], *, grains: int = 9, light: int = 256) -> Image.Image:
    rng = np.random.default_rng(seed)
    few = rng.integers(0, light, (grains, grains, 3), dtype=np.uint8)
    return Image.fromarray(few).resize(size, Image.Resampling.BICUBIC)


@settings(deadline=None)
@given(
    st.integers(0, 2**32), st.tuples(st.integers(64, 512), st.integers(64, 512)), st.integers(8, 40)
)
def test_ours_has_the_bits_of_the_reference(seed: int, size: tuple[int, int], grains: int) -> None:
    bits, quality = apart(clouds(seed, size, grains=grains))
    # A value next to the median may fall on the other side; up to 31 bits count as the same.
    assert bits <= 4
    assert quality <= 1


@pytest.mark.parametrize("size", [(64, 64), (512, 512), (512, 64), (65, 129), (127, 128)])
def test_lengths_at_which_the_filter_changes_are_right(size: tuple[int, int]) -> None:
    assert apart(clouds(7, size))[0] <= 2


@pytest.mark.parametrize("light", [2, 8, 30])
def test_a_dull_picture_has_the_quality_that_the_reference_gives_it(light: int) -> None:
    image = clouds(3, (300, 200), light=light)
    assert reference(image)[1] < 100
    assert apart(image)[1] <= 1


def test_the_version_names_the_reference_that_it_was_held_to() -> None:
    assert VERSION.endswith(f"pdqhash {version('pdqhash')}")
