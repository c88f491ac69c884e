"""Image formats by their first bytes; names and Content-Type are never believed."""

from typing import Literal

Format = Literal["JPEG", "PNG", "WEBP", "GIF", "AVIF"]
"""What we decode, in Pillow's names."""

_OTHERS = (
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\0\0\1\0",
    b"8BPS",
    b"\xff\x0a",
    b"\0\0\0\x0cJXL ",
    b"\0\0\0\x0cjP  ",
    b"\xffO\xffQ",
    b"qoif",
    b"#?RADIANCE",
    b"gimp xcf",
)
"""BMP, TIFF, ICO, PSD, JPEG XL, JPEG 2000, QOI, HDR, XCF."""

_CHUNK_HEAD = 8


def sniff(data: bytes) -> Format | None:
    """Return the format that the first bytes say, if it is one of ours."""
    match data[:12]:
        case head if head.startswith(b"\xff\xd8\xff"):
            return "JPEG"
        case head if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return "PNG"
        case head if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return "WEBP"
        case head if head.startswith((b"GIF87a", b"GIF89a")):
            return "GIF"
        case head if head[4:8] == b"ftyp" and _brands(data) & {b"avif", b"avis"}:
            return "AVIF"
    return None


def is_other_image(data: bytes) -> bool:
    """Whether this is an image of a format that we do not decode: TIFF, HEIC, SVG..."""
    if data.startswith(_OTHERS) or (data[4:8] == b"ftyp" and _brands(data) & {b"heic", b"mif1"}):
        return True
    head = data[:1024].lstrip().lower()
    return head.startswith(b"<svg") or (head.startswith(b"<?xml") and b"<svg" in head)


def is_whole(data: bytes, format: Format) -> bool:  # noqa: A002 - the word for it
    """Whether the file has its end: tells a cut file from a broken one."""
    match format:
        case "JPEG":
            return b"\xff\xd9" in data[-65_536:]
        case "PNG":
            return b"IEND\xaeB`\x82" in data[-65_536:]
        case "WEBP":
            return len(data) >= _CHUNK_HEAD + int.from_bytes(data[4:8], "little")
        case "GIF":
            return data.rstrip(b"\0").endswith(b";")
        case "AVIF":
            return _boxes_end(data) == len(data)


def is_cut(data: bytes, format: Format) -> bool:  # noqa: A002 - the word for it
    """Whether the file surely ends before its own end, by its lengths alone; decodes nothing.

    A JPEG tells no length, and many whole ones lack their end marker: those are for the decoder.
    """
    match format:
        case "WEBP" | "PNG":
            return not is_whole(data, format)
        case "AVIF":
            return _boxes_end(data) > len(data)
        case _:
            return False


def gif_frames(data: bytes, *, at_most: int) -> int:
    """Count the frames of a GIF, up to one more than `at_most`, without unpacking any.

    Pillow's own count parses each frame into an object, which a hostile file has a million of.
    """
    at, frames = 13, 0
    if len(data) > at and data[10] & 0x80:
        at += 3 << (data[10] & 7) + 1
    while at < len(data) and frames <= at_most:
        match data[at]:
            case 0x2C:  # an image: its place and flags, perhaps a palette, then its data
                flags = data[at + 9] if at + 9 < len(data) else 0
                at += 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0) + 1
                frames += 1
            case 0x21:  # an extension
                at += 2
            case _:
                break
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
    return frames


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Return the canvas of a WebP file, in pixels, or None where its head is broken.

    Pillow allots the canvas as soon as it opens the file, before anybody could ask for its size.
    """
    body = data[20:30]
    match data[12:16]:
        case b"VP8X" if len(body) == 10:  # noqa: PLR2004 - flags, then two sizes of 24 bits
            return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        case b"VP8L" if body[:1] == b"\x2f" and len(body) >= 5:  # noqa: PLR2004
            bits = int.from_bytes(body[1:5], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 " if body[3:6] == b"\x9d\x01\x2a" and len(body) == 10:  # noqa: PLR2004
            width, height = body[6:8], body[8:10]
            return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(
                height, "little"
            ) & 0x3FFF
    return None


def _brands(data: bytes) -> set[bytes]:
    size = min(int.from_bytes(data[:4], "big"), 256)
    return {data[8:12], *(data[at : at + 4] for at in range(16, size, 4))}


def _boxes_end(data: bytes) -> int:
    """Where the last of the top-level boxes ends (ISO 14496-12); -1 where that is unclear."""
    at = 0
    while at + _CHUNK_HEAD <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < _CHUNK_HEAD:
            return len(data) if size == 0 else -1
        at += size
    return at
