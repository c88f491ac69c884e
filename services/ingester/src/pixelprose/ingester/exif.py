"""EXIF by an allow-list: how a picture was taken, never where, by whom or with which piece."""

from collections.abc import Iterable, Iterator, Mapping

from PIL import ExifTags, Image

ALLOWED = {
    ExifTags.Base.Make: "Make",
    ExifTags.Base.Model: "Model",
    ExifTags.Base.DateTimeOriginal: "DateTimeOriginal",
    ExifTags.Base.ExposureTime: "ExposureTime",
    ExifTags.Base.FNumber: "FNumber",
    ExifTags.Base.ISOSpeedRatings: "ISOSpeedRatings",
    ExifTags.Base.FocalLength: "FocalLength",
    ExifTags.Base.FocalLengthIn35mmFilm: "FocalLengthIn35mmFilm",
    ExifTags.Base.LensModel: "LensModel",
    ExifTags.Base.Flash: "Flash",
    ExifTags.Base.WhiteBalance: "WhiteBalance",
    ExifTags.Base.Orientation: "Orientation",
}
LONGEST = 128
"""Characters of a value; longer ones are no honest camera's."""


def allowed(exif: Image.Exif) -> dict[str, str]:
    """Return the allowed tags by name, as printable text; what is broken is left out."""
    directories = (exif, exif.get_ifd(ExifTags.IFD.Exif))
    return dict(pair for directory in directories for pair in _readable(directory.items()))


def orientation(exif: Mapping[int, object] | Image.Exif) -> int:
    """Return how the picture is to be turned: 1 (not at all) to 8."""
    value = exif.get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and value in range(1, 9) else 1


def _readable(items: Iterable[tuple[int, object]]) -> Iterator[tuple[str, str]]:
    for tag, value in items:
        if tag not in ALLOWED or isinstance(value, bytes | tuple | list | dict):
            continue
        text = str(value).strip("\0 ")
        if text and text.isprintable() and len(text) <= LONGEST:
            yield ALLOWED[ExifTags.Base(tag)], text
