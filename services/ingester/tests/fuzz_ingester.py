"""A coverage-guided fuzzer for what hostile bytes reach: `make fuzz TARGET=url SECONDS_EACH=60`.

Runs in an environment of its own, which has atheris; `FUZZ_SITE` names the packages of ours, and
the last argument is the folder where found inputs are kept.
"""

import io
import os
import site
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import TypeVar, cast

import atheris  # type: ignore[import-untyped]

site.addsitedir(os.environ["FUZZ_SITE"])
with atheris.instrument_imports(include=["pixelprose.ingester", "protego", "yarl"]):
    from PIL import Image
    from yarl import URL

    from pixelprose.ingester.addresses import Guard, is_public
    from pixelprose.ingester.body import bounded
    from pixelprose.ingester.consent import signals
    from pixelprose.ingester.decode import Decoded, decode
    from pixelprose.ingester.limits import DecodeLimits
    from pixelprose.ingester.manners import load_policy
    from pixelprose.ingester.manners.opt_outs import refused_by_headers
    from pixelprose.ingester.manners.retry_after import LONGEST_SECONDS, seconds_of
    from pixelprose.ingester.manners.robots import LONGEST_DELAY_SECONDS, read_robots
    from pixelprose.ingester.manners.tdm_file import read_tdm_file
    from pixelprose.ingester.refusal import Refusal
    from pixelprose.ingester.url import canonical, redirected

T = TypeVar("T")

LIMITS = DecodeLimits(max_pixels=1_000_000)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
POLICY = load_policy("consent")


def url(data: bytes) -> None:
    """What is canonical stays so, names a host, and holds no user."""
    text = data.decode("utf-8", "surrogateescape")
    for found in (canonical(text), redirected(URL("http://a.example/b/c"), text)):
        if not isinstance(found, Refusal):
            assert canonical(str(found)) == found
            assert found.raw_host
            assert found.raw_user is None


def address(data: bytes) -> None:
    """No address is public that Python calls private, alone or wrapped."""
    number = int.from_bytes(data[:16].ljust(16, b"\0"), "big")
    four, six = IPv4Address(number & 0xFFFFFFFF), IPv6Address(number)
    assert not (is_public(four) and not four.is_global)
    assert not (is_public(six) and (six.is_private or six.is_multicast))
    mapped = f"::ffff:{four}"
    assert (Guard().refuses(mapped, port=80) is None) == is_public(four)


def at_once(call: Coroutine[None, None, T]) -> T:
    """Return what a call that never waits returns: an event loop for each would cost the most."""
    try:
        call.send(None)
    except StopIteration as ended:
        return cast("T", ended.value)
    raise AssertionError("it waits")


def headers(data: bytes) -> None:
    """Every header is read, every content encoding ends in a body or a refusal."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    pairs = [(name, value) for name, _, value in (line.partition(":") for line in lines)]
    for signal in signals(pairs, seen_at=NOW):
        signal.value.encode()
    for name in ("X-Robots-Tag", "TDM-Reservation", "Content-Usage"):
        refusal = refused_by_headers([(name, line) for line in lines], POLICY, token="ours")
        assert refusal is None or refusal.detail.encode()
    seconds = seconds_of(lines[0], now=NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_SECONDS

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    for encoding in ("", "gzip", "deflate", lines[0]):
        read = at_once(bounded(chunks(), encoding=encoding, max_bytes=10_000))
        assert isinstance(read, Refusal) or len(read) <= 10_000


def tdm(data: bytes) -> None:
    """Any tdmrep.json is read, and the first rule counts whatever follows."""
    read_tdm_file(data).of(URL("https://a.example/b/c.jpg?d"))
    rule = b'[{"location": "/b", "tdm-reservation": 0}, '
    found = read_tdm_file(rule + data.removeprefix(b"[")).of(URL("https://a.example/b/c.jpg?d"))
    assert found is None or found.reservation == "0"


def robots(data: bytes) -> None:
    """Any robots.txt is read, and our own group counts whatever stands before."""
    rules = read_robots(data, POLICY, token="ours")
    rules.refuses("http://a.example/" + data[:20].decode("latin-1"))
    assert 0 <= rules.delay_seconds <= LONGEST_DELAY_SECONDS
    if b"allow" not in data.lower().replace(b"disallow", b""):
        shut = read_robots(data + b"\n\nUser-agent: ours\nDisallow: /\n", POLICY, token="ours")
        assert shut.refuses("http://a.example/b")


def image(data: bytes) -> None:
    """Any bytes come to one of two ends."""
    assert isinstance(decode(data, LIMITS), Decoded | Refusal)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "url": url,
    "address": address,
    "headers": headers,
    "robots": robots,
    "tdm": tdm,
    "image": image,
}


def picture(kind: str) -> bytes:
    """A small one of this format."""
    buffer = io.BytesIO()
    Image.effect_noise((66, 64), 40).save(buffer, kind)
    return buffer.getvalue()


SEEDS: dict[str, list[bytes]] = {
    "url": [b"http://[::ffff:7f00:1]:80/a/../%7e?b=c#d", b"https://u:p@xn--bcher-kva.example./"],
    "headers": [
        b"X-Robots-Tag: gptbot: noai, unavailable_after: 1 Jan 2030\nContent-Usage: train-ai=n;x",
        b"Tue, 01 Nov 2033 10:00:00 GMT\nTDM-Reservation: 1",
    ],
    "robots": [
        b"User-agent: *\nDisallow: /a*b$\nCrawl-delay: 2\nContent-Usage: /c train-ai=n\n",
        b"\xef\xbb\xbfuser-agent: ours\nuser-agent: gptbot\nallow: /\n\n# no more\n",
    ],
    "tdm": [
        b'[{"location": "/b/*.jpg$", "tdm-reservation": 1, "tdm-policy": "https://a.example/p"}]',
        b'{"location": "/", "tdm-reservation": "0"}',
    ],
    "image": [picture(kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "AVIF")],
}
"""What a target begins with: magic bytes and brackets that match are not found by luck."""


def sow(name: str, corpus: Path) -> None:
    """Put the seeds of a target into the folder of its inputs."""
    for number, data in enumerate(SEEDS.get(name, [])):
        (corpus / f"seed-{number}").write_bytes(data)


if __name__ == "__main__":
    name = sys.argv.pop(1)
    target = TARGETS[name]
    sow(name, Path(sys.argv[-1]))
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
