"""Everything that a hostile web does at once: each URL ends once, and nothing private is dialled.

A spy under the socket module (an audit hook, which no library gets around) notes every dial.
"""

import asyncio
import contextlib
import gzip
import io
import socket
import ssl
import struct
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

import pytest
import trustme
from PIL import Image

from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.decode import Decoded
from pixelprose.ingester.decoders import Decoders
from pixelprose.ingester.fetch import Fetched, Fetcher
from pixelprose.ingester.limits import DecodeLimits, FetchLimits
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.url import canonical

Writer = asyncio.StreamWriter
ALLOWED = "127.0.0.1"
LIMITS = FetchLimits(
    total_seconds=4,
    first_byte_seconds=2,
    connect_seconds=1,
    least_bytes_per_second=100_000,
    grace_seconds=1,
    max_bytes=300_000,
    per_host=200,
)
OK = b"HTTP/1.1 200 OK\r\n"


def picture(kind: str = "JPEG", size: tuple[int, int] = (96, 64)) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


def png_head(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n\0\0\0\x0d"
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + b"\0\0\0\0IDAT"
    )


def many_scans(times: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    data = io.BytesIO()
    Image.new("RGB", (96, 64)).save(data, "JPEG", progressive=True)
    whole = data.getvalue()
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * times + whole[-2:]


def body(data: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [f"Content-Length: {len(data) if length is None else length}", *headers]
    return OK + "\r\n".join(lines).encode() + b"\r\n\r\n" + data


JPEG = picture()
PAGE = b"<!doctype html><title>no picture</title>"
STILL: dict[str, tuple[bytes, set[str]]] = {
    "good": (body(JPEG), {"image"}),
    "lying-type": (body(JPEG, "Content-Type: text/html"), {"image"}),
    "html-as-jpg": (body(PAGE, "Content-Type: image/jpeg"), {"not_an_image"}),
    "svg": (body(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), {"unsupported_format"}),
    "polyglot": (body(b"\xff\xd8\xff" + PAGE), {"decode_failed", "truncated"}),
    "zip-after-jpeg": (body(JPEG + b"PK\x03\x04" + bytes(300)), {"image"}),
    "one-pixel": (body(picture("PNG", (1, 1))), {"too_small"}),
    "wide": (body(png_head(40_000, 100)), {"bad_aspect"}),
    "pixel-bomb": (body(png_head(60_000, 60_000)), {"too_many_pixels"}),
    "scan-bomb": (body(many_scans(500)), {"too_many_scans"}),
    "truncated-file": (body(picture("PNG")[:-30]), {"truncated"}),
    "gzip-bomb": (
        body(gzip.compress(bytes(9_000_000)), "Content-Encoding: gzip"),
        {"too_large"},
    ),
    "longer-than-said": (body(JPEG + bytes(99), length=len(JPEG)), {"image", "connect_failed"}),
    "shorter-than-said": (body(JPEG, length=len(JPEG) + 9), {"truncated"}),
    "huge-length": (body(b"", length=10**15), {"too_large"}),
    "absurd-length": (OK + b"Content-Length: -5\r\n\r\n", {"connect_failed"}),
    "two-lengths": (
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        {"connect_failed"},
    ),
    "header-flood": (OK + b"X: y\r\n" * 5_000 + b"\r\n", {"connect_failed"}),
    "fat-headers": (OK + (b"X: " + b"y" * 4_000 + b"\r\n") * 60 + b"\r\n", {"too_large"}),
    "long-header": (OK + b"X: " + b"y" * 100_000 + b"\r\n\r\n", {"connect_failed"}),
    "broken-chunks": (
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        {"truncated", "connect_failed"},
    ),
    "no-http": (b"220 mail.example ESMTP\r\n", {"connect_failed"}),
    "429": (
        b"HTTP/1.1 429 Slow\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
        {"http_rate_limited"},
    ),
    "503": (
        b"HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
        {"http_server_error"},
    ),
}
"""Answers that are one piece, and how the URL may end."""


async def loris(out: Writer) -> None:
    out.write(OK + b"Content-Length: 200000\r\n\r\n")
    while True:
        out.write(b"x")
        await out.drain()
        await asyncio.sleep(0.02)


async def endless(out: Writer) -> None:
    out.write(OK + b"\r\n")
    while True:
        out.write(bytes(50_000))
        await out.drain()


async def endless_head(out: Writer) -> None:
    out.write(OK)
    while True:
        out.write(b"X-More: of the same\r\n")
        await out.drain()
        await asyncio.sleep(0.05)


async def mute(out: Writer) -> None:
    out.close()


async def silent(out: Writer) -> None:
    await out.drain()
    await asyncio.sleep(3600)


async def reset(out: Writer) -> None:
    out.write(body(JPEG, length=200_000))
    await out.drain()
    linger = struct.pack("ii", 1, 0)
    out.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    out.close()


MOVING: dict[str, tuple[Callable[[Writer], Awaitable[None]], set[str]]] = {
    "loris": (loris, {"timeout"}),
    "endless": (endless, {"too_large"}),
    "endless-head": (endless_head, {"timeout", "connect_failed"}),
    "mute": (mute, {"connect_failed"}),
    "silent": (silent, {"timeout"}),
    "reset": (reset, {"truncated", "connect_failed"}),
}

METADATA = [
    *("http://169.254.169.254/", "https://169.254.169.254/", "//169.254.169.254/x"),
    *("http://169.254.169.254./", "http://[::ffff:169.254.169.254]/", "http://[::a9fe:a9fe]/"),
    *("http://[::ffff:0:a9fe:a9fe]/", "http://[64:ff9b::a9fe:a9fe]/"),
    *("http://[64:ff9b:1::a9fe:a9fe]/", "http://[2002:a9fe:a9fe::]/"),
    *("http://[2001:0:1:2:3:4:5601:5601]/", "http://2852039166/", "http://0xa9fea9fe/"),
    *("http://0xa9.0xfe.0xa9.0xfe/", "http://0251.0376.0251.0376/", "http://169.254.43518/"),
    *("http://025177524776/", "http://169.16689662/", "http://425.510.425.510/"),
    *("http://a@169.254.169.254/", "http://169.254.169.254:80@example.com\\@x/"),
    *("http://\uff11\uff16\uff19.254.169.254/", "http://169\u3002254\u3002169\u3002254/"),
    *(
        "http://\u2460\u2465\u2468.254.169.254/",
        "http:\\\\169.254.169.254\\",
        "http:169.254.169.254/",
    ),
    *("http://metadata.google.internal/", "http://metadata/", "http://x.svc/", "http://x.local/"),
    *("http://localhost/", "http://127.1/", "http://0/", "http://[::]/", "http://[::1]/"),
    *("http://[fec0::1]/", "http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://[ff02::1]/"),
    *("http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/", "http://100.100.100.200/"),
    *("http://192.0.0.192/", "http://168.63.129.16/", "http://224.0.0.1/", "http://8.8.8.8:6379/"),
    *("http://metadata.rebound.example/", "file:///etc/passwd", "gopher://127.0.0.1/"),
]
"""Where no redirect may lead, in every spelling."""


class Names:
    """Names lead to this machine; `rebound` ones are elsewhere at every second question."""

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}

    async def __call__(
        self, host: str, _family: socket.AddressFamily, /
    ) -> Sequence[tuple[socket.AddressFamily, str]]:
        if not host.endswith(".example"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        count = self._asked[host] = self._asked.get(host, 0) + 1
        if host == "metadata.rebound.example" or (host.startswith("rebound") and count > 1):
            return [(socket.AF_INET, "169.254.169.254")]
        return [(socket.AF_INET, ALLOWED)]


DIALLED: list[str] = []
"""Every address that any socket of this process was pointed at."""


def _spy(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        DIALLED.append(str(address[0]) if isinstance(address, tuple) else str(address))


sys.addaudithook(_spy)


@pytest.fixture
def dialled() -> Iterator[list[str]]:
    DIALLED.clear()
    yield DIALLED
    DIALLED.clear()


@contextlib.asynccontextmanager
async def hostile_site(tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The site, on the port it yields; what it still says at the end is cut off."""
    talking: set[asyncio.Task[object] | None] = set()

    async def talk(incoming: asyncio.StreamReader, out: Writer) -> None:
        talking.add(asyncio.current_task())
        try:
            await serve(incoming, out)
        finally:
            out.transport.abort()

    server = await asyncio.start_server(talk, ALLOWED, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        tasks = [task for task in talking if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def serve(incoming: asyncio.StreamReader, out: Writer) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        path = (await incoming.readuntil(b"\r\n\r\n")).split()[1].decode().removeprefix("/")
        kind, _, rest = path.partition("/")
        if kind == "to" and not rest.isdigit():  # "http:x" is a path to some parsers
            out.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        elif kind == "to":
            location = METADATA[int(rest)].encode()
            out.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location)
            out.write(b"\r\n\r\n")
        elif kind == "loop":
            out.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /loop/")
            out.write(b"%d\r\n\r\n" % (int(rest) + 1))
        elif kind in MOVING:
            await MOVING[kind][0](out)
        else:
            out.write(STILL[kind][0])
        await out.drain()
        if out.can_write_eof():
            out.write_eof()
        await incoming.read()


def fetcher_with(
    names: Names, *, limits: FetchLimits = LIMITS, tls: ssl.SSLContext | None = None
) -> Fetcher:
    guard = Guard(networks=(ip_network(f"{ALLOWED}/32"),))
    return Fetcher(
        guard, limits, user_agent="x", now=lambda: datetime.now(UTC), lookup=names, tls=tls
    )


async def end_of(text: str, fetcher: Fetcher, decoders: Decoders) -> str:
    url = canonical(text)
    if isinstance(url, Refusal):
        return url.reason
    fetched = await fetcher.fetch(url)
    end: Decoded | Refusal | Fetched = fetched
    if isinstance(fetched, Fetched):
        end = await decoders.decode(fetched.body)
    return end.reason if isinstance(end, Refusal) else "image"


def expected(port: int) -> dict[str, set[str]]:
    """Every URL with the ends that it may come to."""
    site = f"http://a.example:{port}"
    ends = {f"{site}/{name}": reasons for name, (_, reasons) in (STILL | MOVING).items()}
    ends |= {f"{site}/loop/0": {"too_many_redirects"}}
    private = {"forbidden_address", "bad_url", "http_not_found"}
    ends |= {f"{site}/to/{number}": private for number in range(len(METADATA))}
    ends |= {text: private for text in METADATA if text.startswith("http")}
    ends |= {"http://nowhere.invalid-tld.example.net/": {"dns_failed"}}
    return ends


async def all_ends(urls: Sequence[str]) -> dict[str, str]:
    limits = LIMITS.model_copy(update={"canary_host": "canary.example"})
    fetcher = fetcher_with(Names(), limits=limits)
    async with fetcher, Decoders(DecodeLimits(workers=1)) as decoders:
        ends = await asyncio.gather(*(end_of(url, fetcher, decoders) for url in urls))
    return dict(zip(urls, ends, strict=True))


@pytest.mark.asyncio
async def test_every_hostile_url_ends_once_and_no_private_address_is_dialled(
    dialled: list[str],
) -> None:
    async with hostile_site() as port, asyncio.timeout(60):  # far beyond every limit of ours
        wanted = expected(port)
        ends = await all_ends(list(wanted))
    assert {url: end for url, end in ends.items() if end not in wanted[url]} == {}
    assert set(dialled) == {ALLOWED}


@pytest.mark.asyncio
async def test_a_rebound_name_is_never_dialled_at_its_second_address(dialled: list[str]) -> None:
    names, ends = Names(), []
    async with hostile_site() as port:
        url = canonical(f"http://rebound.example:{port}/good")
        assert not isinstance(url, Refusal)
        for _ in range(2):
            # A fetcher of its own keeps neither connection nor name from the first.
            async with fetcher_with(names) as fetcher:
                ends.append(await fetcher.fetch(url))
    assert isinstance(ends[0], Fetched)
    assert isinstance(ends[1], Refusal)
    assert ends[1].reason == "forbidden_address"
    assert set(dialled) == {ALLOWED}


def test_the_spy_sees_what_a_guard_would_have_to_stop(dialled: list[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.connect(("127.0.0.9", 9))
    assert dialled == ["127.0.0.9"]
    assert not ip_address(dialled[0]).is_global


def context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(made)
    return made


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("names", "authorities", "end"),
    [
        (["a.example"], ["known"], "image"),
        (["b.example"], ["known"], "tls_failed"),
        (["a.example"], [], "tls_failed"),
    ],
)
async def test_a_certificate_counts_for_its_name_and_from_a_known_authority(
    names: list[str], authorities: list[str], end: str
) -> None:
    issuer = trustme.CA()
    believed = ssl.create_default_context()
    for _ in authorities:
        issuer.configure_trust(believed)
    async with (
        hostile_site(context(issuer, *names)) as port,
        fetcher_with(Names(), tls=believed) as fetcher,
        Decoders(DecodeLimits(workers=1)) as decoders,
    ):
        assert await end_of(f"https://a.example:{port}/good", fetcher, decoders) == end
