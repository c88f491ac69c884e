"""The fetcher against a hostile site; every byte it sends is in the tests."""

import asyncio
import contextlib
import dataclasses
import gzip
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any, Self

import pytest
from yarl import URL

from pixelprose.ingester import dialer
from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.dialer import Lookup
from pixelprose.ingester.errand import Errand, Turn, refuses_nothing
from pixelprose.ingester.errand import Reply as Head
from pixelprose.ingester.fetch import Fetched, Fetcher
from pixelprose.ingester.limits import FetchLimits
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.url import CanonicalUrl, canonical
from pixelprose.records import ConsentSignal

pytestmark = pytest.mark.asyncio

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LOOPBACK = Guard(networks=(ip_network("127.0.0.1/32"),), hosts=frozenset({"localhost"}))
PATIENT = FetchLimits(max_bytes=1000, per_host=2)
HASTY = FetchLimits(total_seconds=0.2, first_byte_seconds=0.1, max_bytes=1000, per_host=1)
NEVER = {"total_seconds": 60, "first_byte_seconds": 60, "grace_seconds": 60, "connect_seconds": 60}
Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


def said(status: str, *headers: str, body: bytes = b"") -> Reply:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""])
    return raw(head.encode("latin-1") + body)


def raw(data: bytes) -> Reply:
    async def reply(out: asyncio.StreamWriter) -> None:
        out.write(data)
        await out.drain()
        out.close()

    return reply


def endless(head: bytes, piece: bytes) -> Reply:
    async def reply(out: asyncio.StreamWriter) -> None:
        out.write(head)
        while not out.is_closing():
            out.write(piece)
            await out.drain()

    return reply


async def silent(out: asyncio.StreamWriter) -> None:
    await out.drain()


def dripping(data: bytes) -> Reply:
    """Always one more byte, never the last: only a deadline ends it."""

    async def reply(out: asyncio.StreamWriter) -> None:
        for byte in data:
            out.write(bytes([byte]))
            await out.drain()
            await asyncio.sleep(0.05)

    return reply


class Site:
    """Replies by path, byte for byte; keeps the requests as they came."""

    def __init__(self, replies: dict[str, Reply]) -> None:
        self._replies = replies
        self.requests: list[str] = []
        self.port = 0
        self._tasks: set[asyncio.Task[Any] | None] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        tasks = [task for task in self._tasks if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, incoming: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        try:
            request = (await incoming.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(request)
            await self._replies[request.split()[1]](out)
            await incoming.read()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            out.close()

    def url(self, path: str, *, host: str = "127.0.0.1") -> CanonicalUrl:
        url = canonical(f"http://{host}:{self.port}{path}")
        assert not isinstance(url, Refusal)
        return url


def fetcher(
    limits: FetchLimits = PATIENT, *, guard: Guard = LOOPBACK, lookup: Lookup | None = None
) -> Fetcher:
    return Fetcher(
        guard, limits, user_agent="PixelProseStream/1 (+x)", now=lambda: NOW, lookup=lookup
    )


async def end_of(reply: Reply, *, limits: FetchLimits = PATIENT) -> Fetched | Refusal:
    async with Site({"/a": reply}) as site, fetcher(limits) as fetch:
        return await fetch.fetch(site.url("/a"))


async def reason_of(reply: Reply, *, limits: FetchLimits = PATIENT) -> str:
    end = await end_of(reply, limits=limits)
    assert isinstance(end, Refusal)
    return end.reason


async def test_a_body_comes_with_how_it_was_come_by() -> None:
    headers = ("Content-Type: image/png", 'ETag: "7"', "Last-Modified: Sun, 01 Nov 2026")
    async with Site({"/a": said("200 OK", *headers, body=b"picture")}) as site, fetcher() as fetch:
        end = await fetch.fetch(site.url("/a"))
        assert isinstance(end, Fetched)
        assert end.body == b"picture"
        assert (end.facts.status, end.facts.address) == (200, "127.0.0.1")
        assert end.facts.final_url == str(site.url("/a"))
        assert end.facts.content_type == "image/png"
        assert (end.facts.etag, end.facts.last_modified) == ('"7"', "Sun, 01 Nov 2026")
        assert (end.facts.fetched_at, end.facts.redirects) == (NOW, ())
        assert 0 <= end.facts.seconds < 1


async def test_requests_say_who_asks_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    replies = {
        "/a": said("302 Found", "Location: /b", "Set-Cookie: spy=1"),
        "/b": said("200 OK", "Set-Cookie: spy=2", body=b"x"),
    }
    # Names, since aiohttp's jar takes no cookies of bare addresses.
    async with Site(replies) as site, fetcher(lookup=Rebinding("127.0.0.1")) as fetch:
        for path, host in (("/a", "a.example"), ("/b", "a.example"), ("/b", "b.example")):
            assert isinstance(await fetch.fetch(site.url(path, host=host)), Fetched)
    assert len(site.requests) == 4
    names = {
        line.partition(":")[0] for request in site.requests for line in request.split("\r\n")[1:]
    }
    assert names == {"Host", "Accept", "Accept-Encoding", "User-Agent", ""}
    assert all("User-Agent: PixelProseStream/1 (+x)" in request for request in site.requests)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("404 Not Found", "http_not_found"),
        ("410 Gone", "http_not_found"),
        ("401 Unauthorized", "http_forbidden"),
        ("403 Forbidden", "http_forbidden"),
        ("429 Too Many", "http_rate_limited"),
        ("418 Teapot", "http_client_error"),
        ("500 Oops", "http_server_error"),
        ("503 Busy", "http_server_error"),
        ("304 Not Modified", "http_server_error"),
        ("302 Found", "http_server_error"),  # to nowhere
    ],
)
async def test_statuses_are_reasons(status: str, reason: str) -> None:
    assert await reason_of(said(status)) == reason


async def test_a_server_that_says_nothing_is_a_timeout() -> None:
    impatient = FetchLimits.model_validate(NEVER | {"first_byte_seconds": 0.1})
    assert await end_of(silent, limits=impatient) == Refusal("timeout", "no answer within 0.1 s")


async def test_a_body_that_drips_ends_at_the_total_deadline() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"

    async def reply(out: asyncio.StreamWriter) -> None:
        out.write(head)
        await dripping(bytes(500))(out)

    impatient = FetchLimits.model_validate(NEVER | {"total_seconds": 0.2})
    end = await end_of(reply, limits=impatient)
    assert end == Refusal("timeout", "not finished within 0.2 s")


async def test_all_redirects_share_one_deadline() -> None:
    async def slow(out: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        await said("302 Found", "Location: /a")(out)

    limits = FetchLimits.model_validate(NEVER | {"total_seconds": 0.25, "max_redirects": 20})
    async with Site({"/a": slow}) as site, fetcher(limits) as fetch:
        end = await fetch.fetch(site.url("/a"))
        assert end == Refusal("timeout", "not finished within 0.25 s")
        assert 1 < len(site.requests) < 20


async def test_a_body_below_the_least_rate_ends_long_before_the_deadline() -> None:
    loris = FetchLimits(least_bytes_per_second=1e6, grace_seconds=0.05, total_seconds=60)

    async def reply(out: asyncio.StreamWriter) -> None:
        out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n")
        await dripping(bytes(90_000))(out)

    end = await end_of(reply, limits=loris)
    assert end == Refusal("timeout", "fewer than 1e+06 bytes per second")


async def test_a_head_that_drips_is_a_timeout() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    assert await reason_of(dripping(head), limits=HASTY) == "timeout"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", bytes(100)),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"64\r\n" + bytes(100) + b"\r\n",
        ),
    ],
)
async def test_a_body_without_an_end_is_cut_off(head: bytes, piece: bytes) -> None:
    assert await reason_of(endless(head, piece)) == "too_large"


async def test_a_length_beyond_the_limit_is_believed_at_once() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"
    assert await reason_of(raw(head)) == "too_large"


async def test_a_gzip_bomb_is_too_large() -> None:
    bomb = gzip.compress(bytes(100_000))
    assert await reason_of(said("200 OK", "Content-Encoding: gzip", body=bomb)) == "too_large"


async def test_a_body_shorter_than_said_is_truncated() -> None:
    assert await reason_of(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npic")) == "truncated"


async def test_broken_chunks_are_truncated() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert await reason_of(raw(head + b"nonsense\r\n")) in {"truncated", "connect_failed"}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
async def test_what_is_no_http_or_too_much_of_it_is_refused(answer: bytes) -> None:
    assert await reason_of(raw(answer)) == "connect_failed"


@pytest.mark.parametrize(
    ("headers", "narrow"),
    [
        ([f"X-Long: {'a' * 5_000}"], {"max_header_bytes": 1_000}),
        ([f"X-{number}: y" for number in range(50)], {"max_headers": 20}),
    ],
)
async def test_how_much_of_headers_is_read_is_a_setting(
    headers: list[str], narrow: dict[str, int]
) -> None:
    assert isinstance(await end_of(said("200 OK", *headers, body=b"x")), Fetched)
    limits = PATIENT.model_copy(update=narrow)
    assert await reason_of(said("200 OK", *headers, body=b"x"), limits=limits) == "connect_failed"


async def test_headers_are_bounded_in_all_not_only_one_by_one() -> None:
    headers = [f"X-{number}: {'a' * 1_000}" for number in range(40)]
    assert isinstance(await end_of(said("200 OK", *headers, body=b"x")), Fetched)
    narrow = PATIENT.model_copy(update={"max_head_bytes": 40_000})
    end = await end_of(said("200 OK", *headers, body=b"x"), limits=narrow)
    assert end == Refusal("too_large", "more than 40000 bytes of headers")


async def hang_up(out: asyncio.StreamWriter) -> None:
    out.close()


async def reset(out: asyncio.StreamWriter) -> None:
    out.transport.abort()


@pytest.mark.parametrize("reply", [hang_up, reset])
async def test_who_hangs_up_without_an_answer_is_not_asked_again(reply: Reply) -> None:
    async with Site({"/a": reply}) as site, fetcher() as fetch:
        end = await fetch.fetch(site.url("/a"))
        assert isinstance(end, Refusal)
        assert end.reason == "connect_failed"
        assert len(site.requests) == 1


class KeptSite:
    """Keeps connections, and hangs up on the second request of the first one."""

    def __init__(self) -> None:
        self.connections = self.requests = 0

    async def __call__(self, incoming: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        self.connections += 1
        first = self.connections == 1
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await incoming.readuntil(b"\r\n\r\n")
                self.requests += 1
                if first and self.requests > 1:
                    break
                out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        out.close()


@dataclasses.dataclass
class CountedTurns:
    """Notes every turn, and how it ended."""

    ended: list[Refusal | None] = dataclasses.field(default_factory=list)
    signals: tuple[ConsentSignal, ...] = (
        ConsentSignal(name="robots.txt", value="absent", seen_at=NOW),
    )

    @contextlib.asynccontextmanager
    async def turn(self, _url: URL) -> AsyncIterator[Turn | Refusal | PutOff]:
        yield self

    def over(self, refusal: Refusal | None, _reply: Head | None) -> PutOff | None:
        self.ended.append(refusal)
        return None


async def test_a_kept_connection_that_went_stale_costs_a_turn_of_its_own() -> None:
    site, turns, parts = KeptSite(), CountedTurns(), list[str]()
    errand = Errand(accept="image/*", turn=turns.turn, refuses=refuses_nothing)
    fetch = Fetcher(
        LOOPBACK, PATIENT, user_agent="x", now=lambda: NOW, timed=lambda part, _: parts.append(part)
    )
    async with await asyncio.start_server(site, "127.0.0.1", 0) as server, fetch:
        url = canonical(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/a")
        assert not isinstance(url, Refusal)
        ends = [await fetch.run(url, errand) for _ in range(3)]
        assert [isinstance(end, Fetched) and len(end.facts.consent) for end in ends] == [1, 1, 1]
        assert (site.connections, site.requests) == (2, 4)
        assert turns.ended == [None] * 4  # the stale one is nobody's fault
        assert parts == [*("dial", "first_byte", "body") * 2, "first_byte", "body"]


async def test_a_connection_that_idles_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialer, "IDLE_SECONDS", 0.05)
    closed = asyncio.Event()

    async def serve(incoming: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        await incoming.readuntil(b"\r\n\r\n")
        out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        if not await incoming.read():
            closed.set()
        out.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, fetcher() as fetch:
        url = canonical(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/a")
        assert not isinstance(url, Refusal)
        assert isinstance(await fetch.fetch(url), Fetched)
        async with asyncio.timeout(20):
            await closed.wait()


async def test_a_name_is_timed_apart_from_the_dial() -> None:
    parts = list[str]()
    fetch = Fetcher(
        LOOPBACK,
        PATIENT,
        user_agent="x",
        now=lambda: NOW,
        lookup=Rebinding("127.0.0.1"),
        timed=lambda part, seconds: parts.append(part) if seconds >= 0 else None,
    )
    async with Site({"/a": said("200 OK", body=b"x")}) as site, fetch:
        assert isinstance(await fetch.fetch(site.url("/a", host="a.example")), Fetched)
    assert parts == ["dns", "dial", "first_byte", "body"]


async def test_a_lying_content_type_is_kept_but_not_believed() -> None:
    end = await end_of(said("200 OK", "Content-Type: image/jpeg", body=b"<html>"))
    assert isinstance(end, Fetched)
    assert (end.body, end.facts.content_type) == (b"<html>", "image/jpeg")


async def test_header_bytes_that_are_no_text_do_not_get_through() -> None:
    end = await end_of(said("200 OK", "ETag: \xff\xfe", "X-Robots-Tag: no\xe9ai", body=b"x"))
    assert isinstance(end, Fetched)
    assert end.facts.etag == "\ufffd\ufffd"
    assert end.facts.consent[0].value == "no\ufffdai"


async def test_consent_signals_are_noted_with_value_and_time() -> None:
    headers = ("X-Robots-Tag: noai, noimageai", "x-robots-tag: otherbot: noindex")
    more = ("TDM-Reservation: 1", "tdm-policy: https://example.com/p", "Content-Usage: train-ai=n")
    end = await end_of(said("200 OK", *headers, *more, f"X-Robots-Tag: {'a' * 999}", body=b"x"))
    assert isinstance(end, Fetched)
    assert [(seen.name, seen.value) for seen in end.facts.consent] == [
        ("X-Robots-Tag", "noai, noimageai"),
        ("X-Robots-Tag", "otherbot: noindex"),
        ("TDM-Reservation", "1"),
        ("TDM-Policy", "https://example.com/p"),
        ("Content-Usage", "train-ai=n"),
        ("X-Robots-Tag", "a" * 256),
    ]
    assert {seen.seen_at for seen in end.facts.consent} == {NOW}


async def test_redirects_are_followed_and_noted_with_their_signals() -> None:
    replies = {
        "/a": said("301 Moved", "Location: b", "X-Robots-Tag: noai"),
        "/b": said("308 Moved", "Location: /c"),
        "/c": said("200 OK", body=b"picture"),
    }
    async with Site(replies) as site, fetcher() as fetch:
        end = await fetch.fetch(site.url("/a"))
        assert isinstance(end, Fetched)
        assert end.facts.redirects == (str(site.url("/a")), str(site.url("/b")))
        assert end.facts.final_url == str(site.url("/c"))
        assert [seen.value for seen in end.facts.consent] == ["noai"]


async def test_a_redirect_loop_ends() -> None:
    async with Site({"/a": said("302 Found", "Location: /a")}) as site, fetcher() as fetch:
        end = await fetch.fetch(site.url("/a"))
        assert isinstance(end, Refusal)
        assert end.reason == "too_many_redirects"
        assert len(site.requests) == 1 + PATIENT.max_redirects


FORBIDDEN = [
    *("http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://127.0.0.2/"),
    *("http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::a00:1]/"),
    *("http://[2002:a00:1::]/", "http://[fec0::1]/", "http://0.0.0.0/", "http://100.64.0.1/"),
    *("http://metadata.google.internal/", "http://printer.local/", "//kubernetes/"),
    *("https://192.168.0.1/", "http://8.8.8.8:22/", "http://[fd00:ec2::254]/"),
]
AMBIGUOUS = [
    *("http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://10.1/"),
    *("http://example.com@10.0.0.1/", "http:\\\\10.0.0.1/", "http://[fe80::1%25lo]/"),
    *("gopher://10.0.0.1/", "file:///etc/passwd", "http://10.0.0.1%2f.example.com/"),
]


@pytest.mark.parametrize("location", FORBIDDEN + AMBIGUOUS)
async def test_no_redirect_leads_to_a_private_address(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled: list[str] = []
    connect = socket.socket.connect

    def spy(self: socket.socket, address: Any) -> None:  # noqa: ANN401 - as the real one
        dialled.append(address[0])
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", spy)
    header = location.encode().decode("latin-1")
    async with Site({"/a": said("302 Found", f"Location: {header}")}) as site, fetcher() as fetch:
        end = await fetch.fetch(site.url("/a"))
    assert isinstance(end, Refusal)
    assert end.reason == ("bad_url" if location in AMBIGUOUS else "forbidden_address")
    assert dialled == ["127.0.0.1"]


class Rebinding:
    """Answers with an allowed address first, and with a forbidden one ever after."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = list(addresses)

    async def __call__(
        self, _host: str, _family: socket.AddressFamily, /
    ) -> Sequence[tuple[socket.AddressFamily, str]]:
        address = self._addresses.pop(0) if len(self._addresses) > 1 else self._addresses[0]
        return [(socket.AF_INET, address)]


async def test_a_name_that_is_rebound_is_judged_again_at_the_next_dial() -> None:
    replies = {"/a": said("302 Found", "Location: http://b.example:1/", "Connection: close")}
    lookup = Rebinding("127.0.0.1", "127.0.0.9")
    async with Site(replies) as site, fetcher(lookup=lookup) as fetch:
        end = await fetch.fetch(site.url("/a", host="a.example"))
    assert isinstance(end, Refusal)
    assert end.reason == "forbidden_address"


async def test_the_address_that_is_noted_is_the_one_that_was_dialled() -> None:
    lookup = Rebinding("127.0.0.1")
    async with Site({"/a": said("200 OK", body=b"x")}) as site, fetcher(lookup=lookup) as fetch:
        end = await fetch.fetch(site.url("/a", host="a.example"))
    assert isinstance(end, Fetched)
    assert end.facts.address == "127.0.0.1"


async def test_a_closed_port_is_a_failed_connection() -> None:
    async with Site({}) as site:
        gone = site.url("/a")
    async with fetcher() as fetch:
        end = await fetch.fetch(gone)
    assert isinstance(end, Refusal)
    assert end.reason == "connect_failed"


async def test_a_server_that_does_not_speak_tls_has_failed_at_it() -> None:
    async def plain(incoming: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        out.write(b"220 no TLS here\r\n")
        await incoming.read()
        out.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server, fetcher() as fetch:
        url = canonical(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        assert not isinstance(url, Refusal)
        end = await fetch.fetch(url)
    assert isinstance(end, Refusal)
    assert end.reason == "tls_failed"


async def test_only_so_many_talk_to_one_host_at_a_time() -> None:
    inside = most = 0

    async def counting(out: asyncio.StreamWriter) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        await said("200 OK", body=b"x")(out)

    async with Site({"/a": counting}) as site, fetcher() as fetch:
        ends = await asyncio.gather(*(fetch.fetch(site.url("/a")) for _ in range(20)))
    assert all(isinstance(end, Fetched) for end in ends)
    assert most <= PATIENT.per_host


async def test_a_host_that_says_nothing_holds_up_no_other() -> None:
    came = asyncio.Event()

    async def holding(out: asyncio.StreamWriter) -> None:
        came.set()
        await silent(out)

    limits = FetchLimits.model_validate(NEVER | {"per_host": 1})
    replies = {"/a": holding, "/b": said("200 OK", body=b"x")}
    async with Site(replies) as site, fetcher(limits, lookup=Rebinding("127.0.0.1")) as fetch:
        held = asyncio.create_task(fetch.fetch(site.url("/a", host="slow.example")))
        await came.wait()
        async with asyncio.timeout(20):
            assert isinstance(await fetch.fetch(site.url("/b", host="good.example")), Fetched)
        held.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await held


async def test_a_redirect_waits_for_its_turn_at_the_host_it_leads_to() -> None:
    inside = most = 0

    async def counting(out: asyncio.StreamWriter) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        await said("200 OK", body=b"x")(out)

    limits = FetchLimits(per_host=1)
    async with (
        Site({"/b": counting}) as crowded,
        fetcher(limits, lookup=Rebinding("127.0.0.1")) as f,
    ):
        to = f"Location: {crowded.url('/b', host='crowded.example')}"
        async with Site({"/a": said("302 Found", to, "Connection: close")}) as site:
            hosts = [f"h{number}.example" for number in range(8)]
            ends = await asyncio.gather(*(f.fetch(site.url("/a", host=host)) for host in hosts))
    assert all(isinstance(end, Fetched) for end in ends)
    assert most == 1


async def test_waiting_for_a_turn_is_not_counted_against_the_deadline() -> None:
    replies = {"/a": silent, "/b": said("200 OK", body=b"x")}
    async with Site(replies) as site, fetcher(HASTY) as fetch:
        _, end = await asyncio.gather(fetch.fetch(site.url("/a")), fetch.fetch(site.url("/b")))
    assert isinstance(end, Fetched)


@dataclasses.dataclass
class SlowNames:
    """A name server in place of the system's: names that begin with `slow` wait for `go`."""

    loop: asyncio.AbstractEventLoop
    held: asyncio.Semaphore = dataclasses.field(default_factory=lambda: asyncio.Semaphore(0))
    go: threading.Event = dataclasses.field(default_factory=threading.Event)

    def __call__(self, host: str, *_: object) -> list[object]:
        if host.startswith("slow"):
            self.loop.call_soon_threadsafe(self.held.release)
            assert self.go.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            for _ in range(count):
                await self.held.acquire()


async def test_forty_names_that_are_slow_to_resolve_hold_back_no_other_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = SlowNames(asyncio.get_running_loop())
    monkeypatch.setattr(socket, "getaddrinfo", names)
    async with Site({"/a": said("200 OK", body=b"x")}) as site, fetcher() as fetch:
        hosts = [f"slow{number}.example" for number in range(40)]
        slow = [asyncio.create_task(fetch.fetch(site.url("/a", host=host))) for host in hosts]
        await names.until(40)
        end = await fetch.fetch(site.url("/a", host="good.example"))
        names.go.set()
        await asyncio.gather(*slow)
    assert isinstance(end, Fetched)


async def test_how_many_names_are_looked_up_at_a_time_is_a_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = SlowNames(asyncio.get_running_loop())
    monkeypatch.setattr(socket, "getaddrinfo", names)
    one = FetchLimits(dns_threads=1, first_byte_seconds=0.1)
    async with Site({"/a": said("200 OK", body=b"x")}) as site, fetcher(one) as fetch:
        slow = asyncio.create_task(fetch.fetch(site.url("/a", host="slow.example")))
        await names.until(1)
        end = await fetch.fetch(site.url("/a", host="good.example"))
        names.go.set()
        await slow
    assert isinstance(end, Refusal)
    assert end.reason == "timeout"
