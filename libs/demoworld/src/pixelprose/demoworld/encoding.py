"""Pictures to bytes, with the EXIF data that cameras leave in them."""

import io
import random
from dataclasses import dataclass
from typing import Final, Literal

from PIL import ExifTags, Image

from pixelprose.demoworld.scene import Scene

Format = Literal["JPEG", "PNG", "WEBP", "GIF"]

SUFFIXES: Final[dict[str, Format]] = {
    "jpg": "JPEG",
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
}
MEDIA_TYPES: Final[dict[Format, str]] = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
}


@dataclass(frozen=True, slots=True)
class Camera:
    """What a camera writes into a file. `gps` is latitude and longitude in degrees."""

    make: str
    model: str
    taken: str
    gps: tuple[float, float] | None


def camera(scene: Scene) -> Camera | None:
    """The camera of a scene: photos have one, half of them with a position; drawings have none."""
    if scene.style != "photo":
        return None
    rng = random.Random(scene.seed << 2 | 3)  # noqa: S311 - reproducible data, no secrets
    taken = f"20{rng.randint(10, 24)}:0{rng.randint(1, 9)}:1{rng.randint(0, 9)} 12:30:00"
    located = rng.choice((True, False))
    gps = (round(rng.uniform(-60, 60), 4), round(rng.uniform(-179, 179), 4)) if located else None
    return Camera("Demoworld", f"Box {rng.randint(1, 9)}", taken, gps)


def encode(image: Image.Image, fmt: Format, *, exif: Camera | None = None) -> bytes:
    """The picture as a file. GIF cannot carry EXIF data, so there `exif` is dropped."""
    buffer = io.BytesIO()
    tags = _exif(exif)
    match fmt:
        case "JPEG":
            image.save(buffer, fmt, quality=88, exif=tags)
        case "WEBP":
            image.save(buffer, fmt, quality=88, method=0, exif=tags)
        case "PNG":
            image.save(buffer, fmt, compress_level=3, exif=tags)
        case "GIF":
            image.save(buffer, fmt)
    return buffer.getvalue()


def _exif(of: Camera | None) -> Image.Exif:
    exif = Image.Exif()
    if of is None:
        return exif
    exif[ExifTags.Base.Make] = of.make
    exif[ExifTags.Base.Model] = of.model
    exif[ExifTags.Base.DateTime] = of.taken
    if of.gps:
        latitude, longitude = of.gps
        position = exif.get_ifd(ExifTags.IFD.GPSInfo)
        position[ExifTags.GPS.GPSLatitudeRef] = "N" if latitude >= 0 else "S"
        position[ExifTags.GPS.GPSLatitude] = _degrees(abs(latitude))
        position[ExifTags.GPS.GPSLongitudeRef] = "E" if longitude >= 0 else "W"
        position[ExifTags.GPS.GPSLongitude] = _degrees(abs(longitude))
    return exif


def _degrees(value: float) -> tuple[float, float, float]:
    minutes = value % 1 * 60
    return (float(int(value)), float(int(minutes)), round(minutes % 1 * 60, 2))
