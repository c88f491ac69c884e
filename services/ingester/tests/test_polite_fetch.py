"""Fetching with manners from a real site: what is asked for, in which order, and what is not."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_network
from typing import Any

import pytest

from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.app import PRODUCT, image_errand, user_agent
from pixelprose.ingester.fetch import Fetched, Fetcher
from pixelprose.ingester.limits import FetchLimits
from pixelprose.ingester.manners import (
    ConsentPolicy,
    DomainTurns,
    MannersSettings,
    Share,
    load_policy,
    manners_meters,
)
from pixelprose.ingester.manners.policy import HeaderRules, RobotsRules
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.url import canonical
from pixelprose.objectstore import MemoryStore
from pixelprose.streamkit import Metrics
from pixelprose.streamkit.testing import HandClock

pytestmark = pytest.mark.asyncio

NOW = datetime(2026, 11, 1, tzinfo=UTC)
POLICY = load_policy("consent")
FAST = MannersSettings.model_validate({"per_domain": {"requests_per_second": 10_000}})
TDM = "/.well-known/tdmrep.json"
OPEN = b"User-agent: *\nAllow: /\n"


def said(status: str, *headers: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


@dataclass
class Site:
    """Answers each path with the next of its replies, the last one for ever."""

    port: int = 0
    replies: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    async def serve(self, incoming: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        head = (await incoming.readuntil(b"\r\n\r\n")).decode()
        path = head.split()[1]
        self.asked.append(path)
        self.heads.append(head)
        replies = self.replies[path]
        out.write(replies.pop(0) if len(replies) > 1 else replies[0] if replies else said("404 No"))
        await out.drain()
        out.close()


@dataclass
class Scene:
    site: Site
    run: Any
    clock: HandClock
    metrics: Metrics

    async def get(self, path: str) -> Fetched | Refusal | PutOff:
        url = canonical(f"http://127.0.0.1:{self.site.port}{path}")
        assert not isinstance(url, Refusal)
        end: Fetched | Refusal | PutOff = await self.run(url)
        return end

    async def reason(self, path: str) -> str | None:
        """Why there is no picture; None where there is one."""
        match await self.get(path):
            case Refusal(reason) | PutOff(Refusal(reason)):
                return reason
            case _:
                return None


@asynccontextmanager
async def scene(
    *, policy: ConsentPolicy = POLICY, **replies: bytes | list[bytes]
) -> AsyncIterator[Scene]:
    """A site with these replies by path; `robots` and `tdm` are its files, `tdm` if it is asked."""
    site, clock, metrics = Site(), HandClock(step=0.001), Metrics()
    for name, reply in replies.items():
        path = {"robots": "/robots.txt", "tdm": TDM}.get(name, f"/{name}")
        site.replies[path] = reply if isinstance(reply, list) else [reply]
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    guard = Guard(networks=(ip_network("127.0.0.1/32"),))
    agent = user_agent("1", None)
    with ThreadPoolExecutor(2) as threads:
        async with Fetcher(guard, FetchLimits(), user_agent=agent, now=lambda: NOW) as fetcher:
            share = Share(lanes=1, clock=clock)
            share.owns([0])
            turns = DomainTurns(FAST, share, places=64, clock=clock, now=lambda: NOW)
            errand = image_errand(
                policy,
                turns,
                fetcher=fetcher,
                store=MemoryStore(now=lambda: NOW),
                threads=threads,
                counts=manners_meters(metrics),
                tdm_file="tdm" in replies,
            )
            try:
                yield Scene(site, partial(fetcher.run, errand=errand), clock, metrics)
            finally:
                server.close()


async def test_robots_txt_is_asked_for_first_and_once() -> None:
    async with scene(robots=said("200 OK", body=OPEN), a=said("200 OK", body=b"x")) as polite:
        assert await polite.reason("/a") is None
        assert await polite.reason("/a") is None
        assert polite.site.asked == ["/robots.txt", "/a", "/a"]
        assert all(f"User-Agent: {PRODUCT}/1" in head for head in polite.site.heads)
        assert "Accept: text/plain" in polite.site.heads[0]
        assert "Accept: image/avif" in polite.site.heads[1]


async def test_a_record_says_what_was_seen_and_by_which_policy_it_was_judged() -> None:
    tag = "X-Robots-Tag: noarchive"
    async with scene(robots=said("200 OK", body=OPEN), a=said("200 OK", tag, body=b"x")) as polite:
        end = await polite.get("/a")
        assert isinstance(end, Fetched)
        seen = [(signal.name, signal.value) for signal in end.facts.consent]
        assert seen == [("robots.txt", "allowed"), ("X-Robots-Tag", "noarchive")]
        assert end.facts.consent_policy == "pixelprose-consent/1"
        assert end.facts.consent_policy_hash == POLICY.hash


async def test_a_site_without_robots_txt_is_open_and_the_record_says_so() -> None:
    async with scene(a=said("200 OK", body=b"x")) as polite:
        end = await polite.get("/a")
        assert isinstance(end, Fetched)
        assert [signal.value for signal in end.facts.consent] == ["absent"]


@pytest.mark.parametrize("agent", ["*", "PixelProseStream", "GPTBot", "Google-Extended"])
async def test_what_robots_txt_shuts_is_not_asked_for(agent: str) -> None:
    rules = f"User-agent: {agent}\nDisallow: /a\n".encode()
    async with scene(robots=said("200 OK", body=rules), a=said("200 OK", body=b"x")) as polite:
        assert await polite.reason("/a") == "robots_disallowed"
        assert polite.site.asked == ["/robots.txt"]


async def test_the_delay_that_robots_txt_asks_for_is_kept() -> None:
    rules = b"User-agent: *\nCrawl-delay: 30\nAllow: /\n"
    async with scene(robots=said("200 OK", body=rules), a=said("200 OK", body=b"x")) as polite:
        assert await polite.reason("/a") is None
        end = await polite.get("/a")
        assert isinstance(end, PutOff)
        assert end.refusal.reason == "host_busy"
        assert 20 < end.least_seconds <= 30
        polite.clock.advance(30)
        assert await polite.reason("/a") is None


async def test_a_redirect_needs_leave_like_any_other_url() -> None:
    rules = said("200 OK", body=b"User-agent: *\nDisallow: /b\n")
    async with scene(robots=rules, a=said("302 Found", "Location: /b"), b=said("200 OK")) as polite:
        assert await polite.reason("/a") == "robots_disallowed"
        assert polite.site.asked == ["/robots.txt", "/a"]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("X-Robots-Tag: noai", "opted_out"),
        ("X-Robots-Tag: pixelprosestream: noimageindex", "opted_out"),
        ("X-Robots-Tag: googlebot: noindex", None),
        ("TDM-Reservation: 1", "opted_out"),
        ("TDM-Reservation: 0", None),
        ("Content-Usage: train-ai=n", "opted_out"),
    ],
)
async def test_headers_that_opt_out_end_a_fetch_before_its_body(
    header: str, reason: str | None
) -> None:
    # Who read on would wait for the rest of the body and say `truncated`.
    short = said("200 OK", header, body=b"x" * 99)
    async with scene(a=short if reason is None else short[:-50]) as polite:
        assert await polite.reason("/a") == reason


async def test_an_opt_out_on_the_way_counts() -> None:
    away = said("302 Found", "Location: /b", "X-Robots-Tag: noai")
    async with scene(a=away, b=said("200 OK", body=b"x")) as polite:
        assert await polite.reason("/a") == "opted_out"
        assert polite.site.asked == ["/robots.txt", "/a"]


RESERVED = b'[{"location": "/a", "tdm-reservation": 1}, {"location": "/b", "tdm-reservation": 0}]'


async def test_what_tdmrep_json_reserves_is_not_asked_for() -> None:
    tdm, picture = said("200 OK", body=RESERVED), said("200 OK", body=b"x")
    async with scene(tdm=tdm, a=picture, b=picture, c=picture) as polite:
        assert await polite.reason("/a") == "opted_out"
        assert polite.site.asked == ["/robots.txt", TDM]
        assert "Accept: application/json" in polite.site.heads[1]
        for path, said_of in (("/b", "tdm-reservation=0"), ("/c", "unset")):
            end = await polite.get(path)
            assert isinstance(end, Fetched)
            seen = [(signal.name, signal.value) for signal in end.facts.consent]
            assert seen == [("robots.txt", "absent"), ("tdmrep.json", said_of)]
        assert polite.site.asked == ["/robots.txt", TDM, "/b", "/c"]
        hits = b'pixelprose_ingester_tdm_files_total{source="memory"} 2.0'
        assert hits in polite.metrics.exposition()


async def test_a_header_may_reserve_what_tdmrep_json_leaves_free() -> None:
    free = said("200 OK", body=b'[{"location": "/", "tdm-reservation": 0}]')
    async with scene(tdm=free, a=said("200 OK", "TDM-Reservation: 1", body=b"x")) as polite:
        assert await polite.reason("/a") == "opted_out"
        assert polite.site.asked == ["/robots.txt", TDM, "/a"]


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        ("404 No", "absent"),
        ("403 No", "absent"),
        ("500 Oops", "unreachable"),
        ("200 OK", "unset"),  # an empty file
    ],
)
async def test_a_tdmrep_json_that_says_nothing_is_noted(answer: str, seen: str) -> None:
    async with scene(tdm=said(answer), a=said("200 OK", body=b"x")) as polite:
        end = await polite.get("/a")
        assert isinstance(end, Fetched)
        assert [signal.value for signal in end.facts.consent] == ["absent", seen]


async def test_which_reservations_reject_is_the_policys_word() -> None:
    lenient = POLICY.model_copy(update={"tdm_reservation": HeaderRules(reject=())})
    tdm = b'[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://a.example/p"}]'
    async with scene(
        tdm=said("200 OK", body=tdm), a=said("200 OK", body=b"x"), policy=lenient
    ) as polite:
        end = await polite.get("/a")
        assert isinstance(end, Fetched)
        assert end.facts.consent[1].value == "tdm-reservation=1; tdm-policy=https://a.example/p"


NOTHING = HeaderRules(reject=())


@pytest.mark.parametrize(
    ("says", "lenient"),
    [
        ({"header": "X-Robots-Tag: noai"}, {"x_robots_tag": NOTHING}),
        ({"header": "TDM-Reservation: 1"}, {"tdm_reservation": NOTHING}),
        ({"header": "Content-Usage: train-ai=n"}, {"content_usage": NOTHING}),
        ({"rules": "User-agent: *\nContent-Usage: train-ai=n\n"}, {"content_usage": NOTHING}),
        ({"rules": "User-agent: GPTBot\nDisallow: /\n"}, {"robots": RobotsRules(agents=())}),
    ],
)
async def test_which_words_and_agents_reject_is_the_policys_word(
    says: dict[str, str], lenient: dict[str, object]
) -> None:
    robots = said("200 OK", body=says.get("rules", "").encode())
    picture = said("200 OK", *(says[key] for key in ("header",) if key in says), body=b"x")
    async with scene(robots=robots, a=picture) as polite:
        assert await polite.reason("/a") in {"opted_out", "robots_disallowed"}
    async with scene(robots=robots, a=picture, policy=POLICY.model_copy(update=lenient)) as polite:
        assert await polite.reason("/a") is None


async def test_robots_txt_is_read_up_to_its_limit() -> None:
    long = b"#" * 600_000 + b"\nUser-agent: *\nDisallow: /\n"
    first = b"User-agent: *\nDisallow: /b\n" + long
    robots = said("200 OK", body=first)
    async with scene(robots=robots, a=said("200 OK"), b=said("200 OK")) as polite:
        assert await polite.reason("/a") is None
        assert await polite.reason("/b") == "robots_disallowed"


@pytest.mark.parametrize("status", ["500 Oops", "503 Later", "429 Enough"])
async def test_an_unreachable_robots_txt_puts_the_image_off(status: str) -> None:
    async with scene(robots=said(status), a=said("200 OK", body=b"x")) as polite:
        end = await polite.get("/a")
        assert isinstance(end, PutOff)
        assert end.refusal.reason == "robots_unreachable"
        assert end.least_seconds == 600
        assert polite.site.asked == ["/robots.txt"]


async def test_an_angry_site_is_left_alone_as_long_as_it_asks_and_then_served() -> None:
    angry = [said("429 Enough", "Retry-After: 30"), said("200 OK", body=b"x")]
    async with scene(a=angry, b=said("200 OK", body=b"y")) as polite:
        end = await polite.get("/a")
        assert isinstance(end, PutOff)
        assert (end.refusal.reason, round(end.least_seconds)) == ("http_rate_limited", 30)
        assert b"pixelprose_ingester_domains_backing_off 1.0" in polite.metrics.exposition()
        assert await polite.reason("/b") == "host_backing_off"
        assert polite.site.asked == ["/robots.txt", "/a"]
        polite.clock.advance(30)
        assert await polite.reason("/a") is None
        assert await polite.reason("/b") is None
        assert b"pixelprose_ingester_domains_backing_off 0.0" in polite.metrics.exposition()
        hits = b'pixelprose_ingester_robots_total{source="memory"} 3.0'
        assert hits in polite.metrics.exposition()


async def test_a_site_that_only_fails_opens_its_breaker() -> None:
    async with scene(a=said("500 Oops")) as polite:
        for _ in range(FAST.pause_after_failures):
            assert await polite.reason("/a") == "http_server_error"
        assert await polite.reason("/a") == "host_backing_off"
        assert b"pixelprose_ingester_breakers_open 1.0" in polite.metrics.exposition()
        assert polite.site.asked.count("/a") == FAST.pause_after_failures


async def test_a_robots_txt_made_to_take_long_shuts_out_only_the_urls_that_would() -> None:
    rules = b"User-agent: *\n" + b"Disallow: /*a*b*c$\n" * 3_000
    robots, picture = said("200 OK", body=rules), said("200 OK", body=b"x")
    long = [f"/{number}{'abc' * 2_000}x" for number in range(8)]
    async with scene(robots=robots, a=picture) as polite:
        ends = await asyncio.gather(*map(polite.get, long), polite.get("/a"))
        assert isinstance(ends.pop(), Fetched)
        for end in ends:
            assert isinstance(end, Refusal)
            assert end.reason == "robots_disallowed"
            assert "too long to judge" in end.detail
        assert polite.site.asked == ["/robots.txt", "/a"]


async def test_a_tdmrep_json_made_to_take_long_reserves_the_urls_that_would() -> None:
    rules = [{"location": "/" + "*a" * 190 + "*z$", "tdm-reservation": 0}] * 1_000
    tdm, picture = said("200 OK", body=json.dumps(rules).encode()), said("200 OK", body=b"x")
    async with scene(tdm=tdm, a=picture) as polite:
        end = await polite.get("/" + "a" * 2_000)
        assert isinstance(end, Refusal)
        assert (end.reason, "too long to judge" in end.detail) == ("opted_out", True)
        assert await polite.reason("/a") is None


def seen_by(end: Fetched | Refusal | PutOff) -> list[tuple[str, str]]:
    """The signals of a record that is rejected; each has its time, and all have the policy."""
    refusal = end.refusal if isinstance(end, PutOff) else end
    assert isinstance(refusal, Refusal)
    evidence = refusal.evidence
    assert evidence is not None
    assert (evidence.consent_policy, evidence.consent_policy_hash) == (POLICY.label, POLICY.hash)
    assert all(signal.seen_at.tzinfo is UTC for signal in evidence.consent)
    return [(signal.name, signal.value) for signal in evidence.consent]


async def test_a_rejected_record_keeps_every_signal_that_was_seen() -> None:
    robots = said("200 OK", body=b"User-agent: *\nDisallow: /shut\nContent-Usage: search=y\n")
    lines = [("robots.txt", "Content-Usage: search=y")]
    opened = [("robots.txt", "allowed"), *lines]
    tag = said("200 OK", f"X-Robots-Tag: {'noarchive, ' * 20}noai", "TDM-Policy: /p", body=b"x")
    async with scene(
        robots=robots, tdm=said("200 OK", body=RESERVED), c=tag, d=said("404 No")
    ) as polite:
        assert seen_by(await polite.get("/shut")) == [("robots.txt", "disallowed: *"), *lines]
        assert seen_by(await polite.get("/a")) == [*opened, ("tdmrep.json", "tdm-reservation=1")]
        assert seen_by(await polite.get("/d")) == [*opened, ("tdmrep.json", "unset")]
        assert seen_by(await polite.get("/c")) == [
            *opened,
            ("tdmrep.json", "unset"),
            ("X-Robots-Tag", f"{'noarchive, ' * 20}noai"),
            ("TDM-Policy", "/p"),
        ]


async def test_a_record_that_waits_for_robots_txt_says_so_when_it_is_rejected() -> None:
    async with scene(robots=said("500 Oops")) as polite:
        assert seen_by(await polite.get("/a")) == [("robots.txt", "unreachable")]


async def test_what_robots_txt_says_beside_its_rules_is_kept_with_an_image() -> None:
    body = b"User-agent: *\nAllow: /\nCrawl-delay: 0.001\nContent-Usage: /a train-ai=y\n"
    async with scene(robots=said("200 OK", body=body), a=said("200 OK", body=b"x")) as polite:
        end = await polite.get("/a")
        assert isinstance(end, Fetched)
        values = [signal.value for signal in end.facts.consent]
        assert values == ["allowed", "Crawl-delay: 0.001", "Content-Usage: /a train-ai=y"]
