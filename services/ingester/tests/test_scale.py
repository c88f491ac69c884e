import numpy as np
import pytest
from PIL import Image

from pixelprose.ingester.scale import BILINEAR, LANCZOS, scaled

PILLOWS = {"lanczos": Image.Resampling.LANCZOS, "bilinear": Image.Resampling.BILINEAR}
OURS = {"lanczos": LANCZOS, "bilinear": BILINEAR}


def picture(mode: str, size: tuple[int, int]) -> Image.Image:
    """Soft shapes and hard edges, so that a shifted or swapped channel shows."""
    image = Image.merge(
        "RGB",
        (
            Image.linear_gradient("L"),
            Image.radial_gradient("L"),
            Image.linear_gradient("L").rotate(90),
        ),
    ).resize(size)
    image.paste("red", (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2))
    image = image.convert(mode)
    if mode == "RGBA":
        image.putalpha(200)
    return image


@pytest.mark.parametrize("kernel", ["lanczos", "bilinear"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize(
    ("size", "wanted"), [((1400, 1050), (1024, 768)), ((300, 900), (77, 231)), ((65, 64), (64, 63))]
)
def test_a_scaled_picture_is_what_pillow_makes_of_it(
    kernel: str, mode: str, size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    image = picture(mode, size)
    ours = scaled(image, wanted, kernel=OURS[kernel])
    pillows = image.resize(wanted, PILLOWS[kernel])
    assert (ours.mode, ours.size) == (pillows.mode, pillows.size)
    apart = np.abs(np.asarray(ours).astype(int) - np.asarray(pillows).astype(int))
    assert apart.mean() < 0.6  # of 255
    assert apart.max() <= 12  # Lanczos rings at hard edges, and the two round it differently


def test_a_picture_that_fits_is_not_touched() -> None:
    image = picture("RGB", (64, 64))
    assert scaled(image, (64, 64), kernel=LANCZOS) is image


def test_colours_hidden_by_transparency_do_not_bleed() -> None:
    image = Image.new("RGBA", (200, 200), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 100, 200))
    pixels = np.asarray(scaled(image, (77, 77), kernel=LANCZOS)).astype(int)
    seen = pixels[pixels[..., 3] > 10]
    assert seen[:, 0].max() < 12
