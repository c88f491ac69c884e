"""What the site answers to each path: a pure function of the path.

| path                          | answer                                                       |
|-------------------------------|--------------------------------------------------------------|
| /scene/SEED.EXT?size=256      | the scene; EXT is jpg, png, webp or gif                      |
| /unsafe/SEED.EXT              | the scene with the unsafe mark                               |
| /copy/N/scene/SEED.EXT        | the same bytes as /scene/SEED.EXT, for every N               |
| /tiny/SEED.EXT                | the scene, 16 pixels a side                                  |
| /truncated/SEED.EXT           | half of the bytes, the connection then closed                |
| /corrupt/SEED.EXT             | the right length, but the second half is zeros               |
| /huge/SEED.EXT                | the scene's bytes, followed by zeros without an end          |
| /bomb/SEED.png                | a small file that unfolds to 20,000 x 20,000 pixels          |
| /slow/SEED.EXT?seconds=1      | one byte at a time, `seconds` apart                          |
| /not-an-image.jpg             | HTML, said to be a JPEG                                      |
| /noai/SEED.EXT                | the scene, with `X-Robots-Tag: noai`                         |
| /redirect/private             | a redirect to 10.0.0.1                                       |
| /redirect/metadata            | a redirect to 169.254.169.254, where clouds keep credentials |
| /redirect/loop                | a redirect to itself                                         |
| /redirect/PATH                | a redirect to /PATH                                          |
| /404/..., /500/... (any code) | that status, with a short text                               |
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qs, urlsplit

from pixelprose.demoworld.encoding import MEDIA_TYPES, SUFFIXES, camera, encode
from pixelprose.demoworld.render import render
from pixelprose.demoworld.scene import Scene, scene, unsafe_scene

_TINY: Final = 16
_BOMB_SIDE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Body:
    """A status with bytes. Without a declared length the connection's end ends the body."""

    data: bytes
    media_type: str
    declared_length: int | None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    endless: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """A 302 to somewhere else."""

    location: str


@dataclass(frozen=True, slots=True)
class Slow:
    """A body that drips."""

    body: Body
    seconds_per_byte: float


Answer = Body | Redirect | Slow


def answer(target: str) -> Answer:
    """The answer to a request target, path and query; what no rule knows is a 404."""
    parts = urlsplit(target)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    head, _, rest = parts.path.lstrip("/").partition("/")
    try:
        if head.isdigit():
            return _text(int(head), f"status {head}, as asked")
        return _ROUTES[head](rest, query)
    except (KeyError, ValueError) as error:
        return _text(404, f"no such path: {error}")


def _text(status: int, text: str) -> Body:
    data = text.encode()
    return Body(data, "text/plain; charset=utf-8", len(data), status=status)


@lru_cache(maxsize=64)
def _picture(name: str, size: int, draw: Callable[[int], Scene]) -> Body:
    stem, _, suffix = name.rpartition(".")
    fmt = SUFFIXES[suffix]
    described = draw(int(stem))
    image = render(described, size=max(size, 64))
    if size < image.width:
        image = image.resize((size, size))
    data = encode(image, fmt, exif=camera(described))
    return Body(data, MEDIA_TYPES[fmt], len(data))


def _scene(name: str, query: dict[str, str]) -> Body:
    return _picture(name, int(query.get("size", "256")), scene)


def _unsafe(name: str, query: dict[str, str]) -> Body:
    return _picture(name, int(query.get("size", "256")), unsafe_scene)


def _copy(rest: str, query: dict[str, str]) -> Answer:
    _, _, inner = rest.partition("/")
    head, _, name = inner.partition("/")
    return _ROUTES[head](name, query)


def _tiny(name: str, _query: dict[str, str]) -> Body:
    return _picture(name, _TINY, scene)


def _truncated(name: str, query: dict[str, str]) -> Body:
    body = _scene(name, query)
    return replace(body, data=body.data[: len(body.data) // 2])


def _corrupt(name: str, query: dict[str, str]) -> Body:
    body = _scene(name, query)
    half = len(body.data) // 2
    return replace(body, data=body.data[:half] + bytes(len(body.data) - half))


def _huge(name: str, query: dict[str, str]) -> Body:
    return replace(_scene(name, query), declared_length=None, endless=True)


def _slow(name: str, query: dict[str, str]) -> Slow:
    return Slow(_scene(name, query), float(query.get("seconds", "1")))


def _no_ai(name: str, query: dict[str, str]) -> Body:
    return replace(_scene(name, query), headers=(("X-Robots-Tag", "noai"),))


def _html(_name: str, _query: dict[str, str]) -> Body:
    data = b"<!doctype html><title>No picture</title><p>This is a page, not a picture.</p>"
    return Body(data, "image/jpeg", len(data))


@lru_cache(maxsize=1)
def _bomb_bytes() -> bytes:
    row = bytes(1 + _BOMB_SIDE // 8)  # a filter byte, then one bit a pixel
    header = struct.pack(">IIBBBBB", _BOMB_SIDE, _BOMB_SIDE, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(row * _BOMB_SIDE, 6)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _bomb(_name: str, _query: dict[str, str]) -> Body:
    data = _bomb_bytes()
    return Body(data, "image/png", len(data))


def _redirect(rest: str, _query: dict[str, str]) -> Redirect:
    special = {
        "private": "http://10.0.0.1/private.jpg",
        "metadata": "http://169.254.169.254/latest/meta-data/",
        "loop": "/redirect/loop",
    }
    return Redirect(special.get(rest, f"/{rest}"))


_ROUTES: Final[dict[str, Callable[[str, dict[str, str]], Answer]]] = {
    "scene": _scene,
    "unsafe": _unsafe,
    "copy": _copy,
    "tiny": _tiny,
    "truncated": _truncated,
    "corrupt": _corrupt,
    "huge": _huge,
    "slow": _slow,
    "noai": _no_ai,
    "not-an-image.jpg": _html,
    "bomb": _bomb,
    "redirect": _redirect,
}
