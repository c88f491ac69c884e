"""What the demo submits: scenes whose truth is known, and one kind of trouble after another."""

from collections.abc import Iterator
from dataclasses import dataclass

from pixelprose.demoworld import HELDOUT_FROM, alt_text, scene


@dataclass(frozen=True, slots=True)
class Item:
    """One URL path of the demo site, and how its submission should end.

    Attributes:
        expected: `caption_or_selection` for scenes (the selection decides by what it sees), or
            the reason of the rejection.
        seed: the scene behind the path, where there is one.
    """

    path: str
    expected: str
    seed: int | None
    alt_text: str | None


SCENES = "caption_or_selection"

KNOWN_HASH_OFFSET = 1_000_000
"""Scenes from here on are what the demo's known-hash list holds."""

_SUFFIXES = ("jpg", "jpg", "jpg", "png", "webp", "gif")


def items(*, images: int, known: int, seed: int) -> Iterator[Item]:
    """Yield `images` scenes, then the trouble; the same for the same seed.

    `known` scenes match the known-hash list.
    """
    first = HELDOUT_FROM + seed * 10_000_000
    for n in range(images):
        suffix = _SUFFIXES[n % len(_SUFFIXES)]
        size = 256 if suffix in {"jpg", "gif"} else 384
        yield _item(f"/scene/{first + n}.{suffix}?size={size}", SCENES, first + n)
    for n in range(known):
        number = first + KNOWN_HASH_OFFSET + n
        yield _item(f"/scene/{number}.jpg", "blocked", number)
    yield from _trouble(first, count=max(2, images // 60))


def known_seeds(*, known: int, seed: int) -> range:
    """Return the scenes whose hashes the demo's list holds."""
    first = HELDOUT_FROM + seed * 10_000_000 + KNOWN_HASH_OFFSET
    return range(first, first + known)


def _trouble(first: int, *, count: int) -> Iterator[Item]:
    for n in range(count):
        own = first + 2_000_000 + n * 10
        yield Item(f"/404/{n}.jpg", "http_not_found", None, "gone")
        yield Item(f"/500/{n}.jpg", "http_server_error", None, None)
        yield Item(f"/not-an-image.jpg?n={n}", "not_an_image", None, "a page")
        yield _item(f"/tiny/{own}.png", "too_small", own)
        yield _item(f"/truncated/{own + 1}.jpg", "truncated", own + 1)
        # Every sixth scene is such a JPEG: the same bytes behind another URL.
        same = first + n * len(_SUFFIXES)
        yield _item(f"/copy/{n}/scene/{same}.jpg?size=256", "duplicate_content", same)
        yield _item(f"/unsafe/{own + 2}.jpg?size=384", "nsfw", own + 2)
        yield Item(f"/redirect/private?n={n}", "forbidden_address", None, None)
        yield Item(f"/redirect/metadata?n={n}", "forbidden_address", None, None)
    yield Item("/redirect/loop", "too_many_redirects", None, None)
    yield _item(f"/huge/{first + 3_000_000}.jpg", "too_large", None)
    yield _item(f"/bomb/{first + 3_000_001}.png", "too_many_pixels", None)
    yield _item(f"/slow/{first + 3_000_002}.jpg?seconds=1", "timeout", None)
    yield Item("not a url", "bad_url", None, None)


def _item(path: str, expected: str, seed: int | None) -> Item:
    return Item(path, expected, seed, None if seed is None else alt_text(scene(seed)))
