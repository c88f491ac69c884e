"""Bytes from outside to pixels of our own; runs in decoder processes and nowhere else."""

import io
import warnings
from importlib.metadata import version

import msgspec
import numpy as np
import pdqhash  # type: ignore[import-untyped]
from PIL import Image

from pixelprose.ingester import colour, exif
from pixelprose.ingester.formats import (
    Format,
    gif_frames,
    is_cut,
    is_other_image,
    is_whole,
    sniff,
    webp_size,
)
from pixelprose.ingester.jpeg_scans import jpeg_scans
from pixelprose.ingester.limits import DecodeLimits
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.scale import BILINEAR, LANCZOS, scaled

PDQ_VERSION = f"pdqhash {version('pdqhash')}"
PDQ_SIDE = 512
"""Pixels; PDQ's authors scale larger images down to it first, too."""


class Decoded(msgspec.Struct, frozen=True, kw_only=True, tag="decoded"):
    """An image that was understood. Sizes are in pixels, upright."""

    format: str
    mode: str
    frames: int
    width: int
    height: int
    pdq: str
    pdq_quality: int
    pdq_version: str
    exif: dict[str, str]
    rendition: bytes
    rendition_width: int
    rendition_height: int


def decode(data: bytes, limits: DecodeLimits) -> Decoded | Refusal:
    """Return the first frame as a clean JPEG with its facts, or why that can't be.

    Sizes are judged before any pixel is decoded.
    """
    kind = sniff(data)
    if kind is None:
        return _not_ours(data)
    if kind == "WEBP" and (size := webp_size(data)) and (refusal := _misfit(size, limits)):
        return refusal
    if kind == "GIF" and gif_frames(data, at_most=limits.max_frames) > limits.max_frames:
        return _too_many_frames(limits)
    if kind == "JPEG" and jpeg_scans(data, at_most=limits.max_scans) > limits.max_scans:
        return Refusal("too_many_scans", f"more than {limits.max_scans}")
    return _guarded(data, kind, limits)


def _not_ours(data: bytes) -> Refusal:
    if is_other_image(data):
        return Refusal("unsupported_format", "not JPEG, PNG, WebP, GIF or AVIF")
    return Refusal("not_an_image", "the first bytes are those of no image")


def _guarded(data: bytes, kind: Format, limits: DecodeLimits) -> Decoded | Refusal:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(data, kind, limits)
    except MemoryError:
        return Refusal("decode_failed", f"needs more than {limits.memory_bytes} bytes of memory")
    except Image.DecompressionBombError:
        return Refusal("too_many_pixels", f"more than {limits.max_pixels}")
    except Exception as error:  # noqa: BLE001 - whatever hostile bytes make a decoder raise condemns them alone
        if not is_whole(data, kind):
            return Refusal("truncated", f"the {kind} file has no end")
        return Refusal("decode_failed", f"{kind}: {type(error).__name__}")


def _decode(data: bytes, kind: Format, limits: DecodeLimits) -> Decoded | Refusal:
    with Image.open(io.BytesIO(data), formats=[kind]) as image:
        if refusal := _misfit(image.size, limits):
            return refusal
        if is_cut(data, kind):
            return Refusal("truncated", f"the {kind} file ends before it says")
        mode, frames = image.mode, getattr(image, "n_frames", 1)
        if frames > limits.max_frames:
            return _too_many_frames(limits)
        tags = image.getexif()
        turn = exif.orientation(tags)
        width, height = image.size[::-1] if turn > 4 else image.size  # noqa: PLR2004 - the sideways ones
        rendition = colour.upright(_fitted(image, limits.rendition_side), turn)
        pdq, quality = _pdq(rendition)
        return Decoded(
            format=kind,
            mode=mode,
            frames=frames,
            width=width,
            height=height,
            pdq=pdq,
            pdq_quality=quality,
            pdq_version=PDQ_VERSION,
            exif=exif.allowed(tags),
            rendition=_jpeg(rendition, limits.rendition_quality),
            rendition_width=rendition.width,
            rendition_height=rendition.height,
        )


def _too_many_frames(limits: DecodeLimits) -> Refusal:
    return Refusal("too_many_frames", f"more than {limits.max_frames}")


def _misfit(size: tuple[int, int], limits: DecodeLimits) -> Refusal | None:
    width, height = size
    shorter, longer = sorted(size)
    if width * height > limits.max_pixels:
        return Refusal("too_many_pixels", f"{width}x{height}: more than {limits.max_pixels}")
    if shorter < limits.least_side:
        return Refusal("too_small", f"{width}x{height}: a side below {limits.least_side}")
    if longer > shorter * limits.max_aspect:
        return Refusal("bad_aspect", f"{width}x{height}: beyond {limits.max_aspect:g} to 1")
    return None


def _fitted(image: Image.Image, longest: int) -> Image.Image:
    """The pixels in sRGB, scaled to fit."""
    size = _fit(image.size, longest)
    profile = image.info.get("icc_profile")
    image.draft(None, size)  # JPEG decodes at a fraction of its size, never below this one
    image.load()
    pixels = colour.eight_bit(image)
    return colour.srgb(scaled(pixels, size, kernel=LANCZOS), profile)


def _pdq(image: Image.Image) -> tuple[str, int]:
    """The hash as 64 hex digits, and its quality."""
    small = scaled(image, _fit(image.size, PDQ_SIDE), kernel=BILINEAR)
    bits, quality = pdqhash.compute(np.asarray(small))
    return np.packbits(bits).tobytes().hex(), int(quality)


def _fit(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The size with its longer side at most `longest`, never enlarged."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    image.info.clear()  # else Pillow writes comments, resolution and profile along
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
