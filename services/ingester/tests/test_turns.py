"""Turns at domains, with hours that pass in a moment."""

import asyncio
import heapq
import itertools
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelprose.ingester.errand import Reply
from pixelprose.ingester.manners import DomainTurns, MannersSettings, Share
from pixelprose.ingester.manners.domains import registrable
from pixelprose.ingester.manners.settings import Bounds
from pixelprose.ingester.manners.turns import SWEEP_EVERY, HostTurn
from pixelprose.ingester.put_off import PutOff
from pixelprose.ingester.refusal import Reason, Refusal

pytestmark = pytest.mark.asyncio

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SETTLED_AFTER = 50
"""Turns of the loop after which nobody has work but the sleepers."""


class VirtualTime:
    """Hours in a moment: a clock that goes on to the next sleeper when nobody else has work."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        wakes: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + seconds, next(self._order), wakes))
        await wakes

    async def until(self, *work: Coroutine[Any, Any, object]) -> None:
        """Run all of `work` to its end."""
        tasks = [asyncio.ensure_future(one) for one in work]
        while True:
            for _ in range(SETTLED_AFTER):
                await asyncio.sleep(0)
            if all(task.done() for task in tasks):
                break
            self.seconds, _, wakes = heapq.heappop(self._sleepers)
            if not wakes.done():
                wakes.set_result(None)
        await asyncio.gather(*tasks)


FAST = Bounds(requests_per_second=1_000.0, concurrency=1_000)
OK = Reply(200)
BUSY = Reply(429)


class Replica:
    """One ingester's turns, with a share of the lanes."""

    def __init__(
        self,
        time: VirtualTime,
        manners: MannersSettings,
        *,
        lanes: int = 1,
        owned: int = 1,
        places: int = 64,
        uniform: float = 1.0,
    ) -> None:
        self.time = time
        self.share = Share(lanes=lanes, clock=time.clock)
        self.share.owns(range(owned))
        self.turns = DomainTurns(
            manners,
            self.share,
            places=places,
            clock=time.clock,
            now=time.now,
            sleep=time.sleep,
            uniform=lambda: uniform,
        )
        self.begun: list[float] = []
        self.put_off: list[PutOff] = []
        self.most = 0
        self._inside = 0

    async def ask(
        self,
        host: str = "example.com",
        *,
        takes: float = 0.0,
        reply: Reply | None = OK,
        refusal: Refusal | None = None,
        delay: float = 0.0,
    ) -> PutOff | None:
        async with self.turns.turn(host, delay_seconds=delay) as turn:
            if isinstance(turn, PutOff):
                self.put_off.append(turn)
                return turn
            assert isinstance(turn, HostTurn)
            self.begun.append(self.time.seconds)
            self._inside += 1
            self.most = max(self.most, self._inside)
            if takes:
                await self.time.sleep(takes)
            self._inside -= 1
            return turn.over(refusal, reply)


def manners(**changed: object) -> MannersSettings:
    return MannersSettings.model_validate({"retry": False} | changed)


def failed(reason: Reason = "http_server_error") -> Refusal:
    return Refusal(reason, "")


def reasons(asked: Sequence[PutOff]) -> list[str]:
    return [one.refusal.reason for one in asked]


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("example.com", "example.com"),
        ("one.github.io", "one.github.io"),
        ("github.io", "github.io"),
        ("localhost", "localhost"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
async def test_a_host_is_judged_by_its_registrable_domain(host: str, domain: str) -> None:
    assert registrable(host) == domain


async def test_requests_to_one_domain_keep_their_distance_and_others_go_at_once() -> None:
    time = VirtualTime()
    replica = Replica(time, manners(per_domain={"requests_per_second": 2}))
    await time.until(*(replica.ask(f"h{n}.example.com") for n in range(5)))
    assert replica.begun == [0.5, 1.0, 1.5, 2.0, 2.5]
    await time.until(*(replica.ask(f"example{n}.com") for n in range(9)))
    assert replica.begun[5:] == [2.5] * 9


async def test_a_domain_may_have_bounds_of_its_own() -> None:
    time = VirtualTime()
    own = {"example.com": {"requests_per_second": 100}}
    replica = Replica(time, manners(domains=own, per_domain={"requests_per_second": 1}))
    await time.until(*(replica.ask() for _ in range(100)))
    assert time.seconds == pytest.approx(1.0)


async def test_no_more_talk_to_a_domain_at_a_time_than_may() -> None:
    time = VirtualTime()
    bounds = {"requests_per_second": 1_000, "concurrency": 3}
    replica = Replica(time, manners(per_domain=bounds))
    await time.until(*(replica.ask(takes=10) for _ in range(9)))
    assert replica.most == 3
    assert 30 <= time.seconds < 31


async def test_the_delay_that_a_host_asks_for_is_kept() -> None:
    time = VirtualTime()
    replica = Replica(time, manners())
    await time.until(*(replica.ask(delay=20) for _ in range(4)))
    gaps = [b - a for a, b in zip(replica.begun, replica.begun[1:], strict=False)]
    assert gaps == pytest.approx([20, 20, 20])


async def test_a_robots_txt_is_asked_for_outside_the_beat_but_not_in_a_pause() -> None:
    time = VirtualTime()
    replica = Replica(time, manners(per_domain={"requests_per_second": 0.1}))
    ends: list[object] = []

    async def story() -> None:
        await replica.ask()
        async with replica.turns.beside("example.com") as turn:
            ends.append(turn)
        await replica.ask(reply=Reply(429, "60"), refusal=failed("http_rate_limited"))
        async with replica.turns.beside("example.com") as turn:
            ends.append(turn)

    await time.until(story())
    assert isinstance(ends[0], HostTurn)
    assert isinstance(ends[1], PutOff)
    assert replica.begun == [10, 20]


async def test_a_quarter_of_the_places_may_wait_for_one_domain_and_half_for_all() -> None:
    time = VirtualTime()
    slow = manners(
        retry=True,
        per_domain={"requests_per_second": 1_000, "concurrency": 1},
        longest_wait_seconds=60,
    )
    replica = Replica(time, slow, places=16)
    asked = [replica.ask(f"example{n % 4}.com", takes=5) for n in range(40)]
    await time.until(*asked, replica.ask("other.com"))
    # One inside and two in line at each of four: half of 16 wait; the other domain goes at once.
    assert reasons(replica.put_off) == ["host_busy"] * (40 - 4 * 3)
    assert replica.begun.count(replica.begun[0]) == 5


async def test_who_would_wait_too_long_is_put_off_and_told_how_long() -> None:
    time = VirtualTime()
    replica = Replica(
        time, manners(retry=True, per_domain={"requests_per_second": 1}, longest_wait_seconds=3)
    )
    await time.until(*(replica.ask() for _ in range(8)))
    assert len(replica.begun) == 4
    assert [one.least_seconds for one in replica.put_off] == [4.0] * 4


async def test_in_place_everybody_gets_a_turn_in_the_end() -> None:
    time = VirtualTime()
    replica = Replica(time, manners(per_domain={"requests_per_second": 1}), places=4)
    await time.until(*(replica.ask() for _ in range(100)))
    assert replica.begun == pytest.approx(range(1, 101))


@pytest.mark.parametrize(
    ("status", "reason"), [(429, "http_rate_limited"), (503, "http_server_error")]
)
async def test_a_domain_that_asks_for_a_pause_gets_it(status: int, reason: Reason) -> None:
    time = VirtualTime()
    replica = Replica(time, manners(per_domain=FAST.model_dump()))
    end = replica.ask(reply=Reply(status, "120"), refusal=failed(reason))
    put_off: list[PutOff | None] = []

    async def story() -> None:
        put_off.append(await end)
        await time.sleep(119)
        put_off.append(await replica.ask())
        assert (replica.turns.paused(), replica.turns.broken()) == (1, 0)
        await time.sleep(1)
        put_off.append(await replica.ask())
        assert replica.turns.paused() == 0

    await time.until(story())
    first, second, third = put_off
    assert first is not None
    assert (first.refusal.reason, first.least_seconds) == (reason, 120)
    assert second is not None
    assert second.refusal.reason == "host_backing_off"
    assert second.least_seconds == pytest.approx(1)
    assert third is None


async def test_those_in_line_are_put_off_when_the_domain_asks_for_a_pause() -> None:
    time = VirtualTime()
    bounds = {"requests_per_second": 1_000, "concurrency": 1}
    replica = Replica(time, manners(per_domain=bounds))
    angry = [
        replica.ask(reply=BUSY, refusal=failed("http_rate_limited"), takes=1) for _ in range(5)
    ]
    await time.until(*angry)
    assert reasons(replica.put_off) == ["host_backing_off"] * 4


@pytest.mark.parametrize(("uniform", "seconds"), [(0.0, 5), (0.5, 7.5), (1.0, 10)])
async def test_a_pause_is_taken_from_its_upper_half(uniform: float, seconds: float) -> None:
    time = VirtualTime()
    replica = Replica(time, manners(first_pause_seconds=10), uniform=uniform)
    await time.until(replica.ask(reply=BUSY, refusal=failed("http_rate_limited")))
    await time.until(replica.ask())
    assert [one.least_seconds for one in replica.put_off] == [seconds]


async def test_pauses_double_up_to_a_bound_and_end_with_an_answer() -> None:
    time = VirtualTime()
    replica = Replica(time, manners(first_pause_seconds=10, longest_pause_seconds=60))
    pauses: list[float] = []

    async def story() -> None:
        for _ in range(5):
            end = await replica.ask(reply=BUSY, refusal=failed("http_rate_limited"))
            assert end is not None
            pauses.append(end.least_seconds)
            await time.sleep(end.least_seconds)
        await replica.ask()
        end = await replica.ask(reply=BUSY, refusal=failed("http_rate_limited"))
        assert end is not None
        pauses.append(end.least_seconds)

    await time.until(story())
    assert pauses == pytest.approx([10, 20, 40, 60, 60, 10])


async def test_a_breaker_opens_lets_one_through_and_closes_with_an_answer() -> None:
    time = VirtualTime()
    replica = Replica(
        time,
        manners(
            retry=True, per_domain=FAST.model_dump(), pause_after_failures=3, first_pause_seconds=8
        ),
    )
    gone = {"reply": None, "refusal": failed("connect_failed")}

    async def story() -> None:
        for _ in range(3):
            await replica.ask(**gone)  # type: ignore[arg-type]
        assert (replica.turns.paused(), replica.turns.broken()) == (1, 1)
        assert await replica.ask() is not None
        await time.sleep(8)
        probe = asyncio.ensure_future(replica.ask(takes=1))
        await time.sleep(0.5)
        others = [await replica.ask() for _ in range(3)]
        assert reasons([one for one in others if one]) == ["host_backing_off"] * 3
        assert await probe is None
        assert (replica.turns.paused(), replica.turns.broken()) == (0, 0)
        assert await replica.ask() is None

    await time.until(story())


@pytest.mark.parametrize(
    ("reply", "refusal", "put_off"),
    [
        (Reply(429), failed("http_rate_limited"), True),
        (Reply(503, "9"), failed(), True),
        (Reply(503), failed(), True),
        (Reply(502), failed(), True),
        (Reply(504), failed(), True),
        (Reply(500), failed(), False),
        (Reply(404), failed("http_not_found"), False),
        (Reply(200), failed("timeout"), True),
        (Reply(200), failed("opted_out"), False),
        (Reply(200), None, False),
        (Reply(302), None, False),
        (None, failed("timeout"), True),
        (None, failed("connect_failed"), True),
        (None, failed("tls_failed"), False),
        (None, failed("dns_failed"), False),
        (None, failed("forbidden_address"), False),
    ],
)
async def test_what_another_time_may_end_otherwise_is_put_off(
    reply: Reply | None, refusal: Refusal | None, *, put_off: bool
) -> None:
    time = VirtualTime()
    replica = Replica(time, manners())
    ends: list[PutOff | None] = []

    async def story() -> None:
        ends.append(await replica.ask(reply=reply, refusal=refusal))

    await time.until(story())
    (end,) = ends
    assert (end is not None) is put_off
    assert end is None or end.refusal is refusal


async def test_an_angry_domain_holds_no_other_back() -> None:
    time = VirtualTime()
    replica = Replica(time, manners(retry=True))
    angry = [replica.ask("angry.com", takes=20, reply=BUSY, refusal=failed()) for _ in range(200)]
    calm = [replica.ask(f"calm{n}.com") for n in range(100)]
    await time.until(*angry, *calm)
    assert replica.begun.count(replica.begun[0]) == 101
    assert len(replica.put_off) == 200 - 8


async def test_domains_with_nothing_to_remember_are_forgotten() -> None:
    time = VirtualTime()
    replica = Replica(time, manners())

    async def story() -> None:
        await replica.ask("bad.com", reply=None, refusal=failed("connect_failed"))
        await replica.ask("angry.com", reply=Reply(429, "3600"), refusal=failed())
        for n in range(SWEEP_EVERY):
            await replica.ask(f"example{n}.com")
            await time.sleep(2)
        assert len(replica.turns._domains) < 10
        assert "angry.com" in replica.turns._domains

    await time.until(story())


def windows(begun: Sequence[float], *, seconds: float) -> int:
    """The most requests that began within so many seconds."""
    begun = sorted(begun)
    return max(sum(1 for at in begun[n:] if at < first + seconds) for n, first in enumerate(begun))


async def test_three_replicas_together_keep_the_rate_also_after_a_rebalance() -> None:
    time = VirtualTime()
    rate = 4.0
    bounds = manners(per_domain={"requests_per_second": rate, "concurrency": 6})
    one = Replica(time, bounds, lanes=12, owned=12)
    two = Replica(time, bounds, lanes=12, owned=0)
    three = Replica(time, bounds, lanes=12, owned=0)
    replicas = (one, two, three)
    rebalanced: list[float] = []

    def rebalance(*owned: int) -> None:
        # Kafka takes a partition away before it gives it to another.
        for replica, count in sorted(
            zip(replicas, owned, strict=True), key=lambda pair: pair[1] / 12 - pair[0].share.part
        ):
            replica.share.owns(range(count))
        rebalanced.append(time.seconds)

    async def story() -> None:
        await time.sleep(30)
        rebalance(4, 4, 4)
        await time.sleep(30)
        rebalance(0, 6, 6)
        await time.sleep(30)
        rebalance(1, 10, 1)

    work = [replica.ask(takes=0.7) for replica in replicas for _ in range(250)]
    await time.until(story(), *work)
    begun = [at for replica in replicas for at in replica.begun]
    assert len(begun) == 750
    for seconds in (1.0, 5.0, 20.0):
        assert windows(begun, seconds=seconds) <= rate * seconds + len(replicas)
        for since in rebalanced:
            after = [at for at in begun if since < at <= since + seconds]
            assert len(after) <= rate * seconds + 1e-9
    assert len([at for at in begun if 32 <= at < 58]) == pytest.approx(26 * rate, abs=3)
    assert min(two.begun) >= 30 + 3 / rate
    assert len([at for at in one.begun if 61 <= at < 90]) == 0


@given(
    st.lists(st.integers(0, 8), min_size=2, max_size=6),
    st.floats(0.5, 20),
)
@settings(max_examples=25, deadline=None)
async def test_shares_never_add_up_to_more_than_the_bound(owned: list[int], rate: float) -> None:
    time = VirtualTime()
    bounds = manners(per_domain={"requests_per_second": rate, "concurrency": 100})
    lanes = max(1, sum(owned))
    replicas = [Replica(time, bounds, lanes=lanes, owned=count) for count in owned]
    work = [r.ask() for r, count in zip(replicas, owned, strict=True) if count for _ in range(10)]
    await time.until(*work)
    begun = [at for replica in replicas for at in replica.begun]
    seconds = 8 / rate
    assert not begun or len([at for at in begun if at <= seconds]) <= 8 + 1e-6


async def test_each_replica_may_talk_to_a_domain_but_no_more_than_its_share_allows() -> None:
    time = VirtualTime()
    bounds = manners(per_domain={"requests_per_second": 1_000, "concurrency": 6})
    small = Replica(time, bounds, lanes=12, owned=1)
    large = Replica(time, bounds, lanes=12, owned=6)
    work = [replica.ask(takes=30) for replica in (small, large) for _ in range(6)]
    await time.until(*work)
    assert (small.most, large.most) == (1, 3)
