"""The ingester's effects on its store, which lie outside the log: any order of any calls."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.schedules.web import PAGES, URLS, submitted

from pixelprose.ingester.fetch import Fetched
from pixelprose.ingester.meters import meters
from pixelprose.ingester.quarantine import Quarantine
from pixelprose.ingester.receipt import Accepted, decoded
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.sources import Origin
from pixelprose.ingester.step import IngestStep
from pixelprose.ingester.testing import NOW, decode, facts
from pixelprose.objectstore import (
    MemoryStore,
    ObjectMissing,
    StoreUnavailable,
    quarantine_original,
    quarantine_rendition,
)
from pixelprose.records import ImageFetched, SubmissionId, Submitted
from pixelprose.streamkit import Emit, Metrics, Outcome, Reject, Skip, Unavailable

IDS = st.integers(0, 3)
NTH = st.integers(0, 5)
"""Which of those that can be meant, counted round."""

SOUND = st.integers(0, 4)
"""Calls that are carried out before it."""

ATTEMPTS = st.sampled_from([0, 0, 0, 1])
HOW = st.sampled_from(
    [
        "is carried out",
        "is carried out",
        "and all that follow are carried out",
        "is never made: the process dies",
        "is the last: the process dies",
        "fails",
        "is carried out, but its answer is lost",
    ]
)
GONE = StoreUnavailable("gone")


class AtOnce(ThreadPoolExecutor):
    """Runs each call where it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - an Executor has it
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class ByHand(ThreadPoolExecutor):
    """Runs a call when the schedule says so."""

    def __init__(self) -> None:
        super().__init__(1)
        self.calls: list[tuple[Callable[[], Any], Future[Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - an Executor has it
        future: Future[Any] = Future()
        self.calls.append((lambda: fn(*args, **kwargs), future))
        return future


@dataclass(eq=False)
class Delivery:
    """A process works on one place of the log; a later one of the same place makes it a zombie."""

    place: int
    hands: ByHand = field(default_factory=ByHand)
    task: "asyncio.Task[Outcome[ImageFetched]]" = field(init=False)

    @property
    def ended(self) -> bool:
        return self.task.done() and not self.task.cancelled() and self.task.exception() is None


class Ingest(RuleBasedStateMachine):
    """Each attempt ends once, the same way for whoever works on it; bytes have one owner."""

    # A mutation puts its own in their place.
    step_class: ClassVar[type[IngestStep]] = IngestStep
    quarantine_class: ClassVar[type[Quarantine]] = Quarantine

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(AtOnce(1))
        self.store = MemoryStore(now=lambda: NOW)
        self.web: dict[str, bytes | Refusal] = dict.fromkeys(URLS, PAGES[0])
        self.places: list[Submitted] = []
        self.deliveries: list[Delivery] = []
        self.outcomes: dict[int, Outcome[ImageFetched]] = {}
        self.committed: dict[int, Outcome[ImageFetched]] = {}
        self.metrics = meters(Metrics())

    # What happens outside

    @initialize(arrivals=st.lists(st.tuples(IDS, ATTEMPTS), min_size=2, max_size=6))
    def submissions_arrive(self, arrivals: list[tuple[int, int]]) -> None:
        for who, attempt in arrivals:
            self.a_submission_arrives(who, attempt)

    @rule(who=IDS, attempt=ATTEMPTS)
    def a_submission_arrives(self, who: int, attempt: int) -> None:
        """Perhaps again, perhaps a redrive; several submissions name the same URL."""
        offset = len(self.places)
        self.places.append(submitted(who, attempt=attempt, offset=offset))

    @rule(url=st.sampled_from(URLS), page=st.sampled_from(PAGES))
    def the_web_answers_otherwise(self, url: str, page: bytes | Refusal) -> None:
        self.web[url] = page

    # What the processes do, and what is done to them

    @precondition(lambda self: self.open_places())
    @rule(nth=NTH)
    def a_record_is_delivered(self, nth: int) -> None:
        """Perhaps again, while the process that had it before still goes on."""
        places = self.open_places()
        self.deliver(places[nth % len(places)])

    @precondition(lambda self: self.waiting())
    @rule(nth=NTH, sound=SOUND, how=HOW)
    def a_store_call(self, nth: int, sound: int, how: str) -> None:
        """One call of a process takes effect, or does not, and it hears of it, or does not."""
        waiting = self.waiting()
        delivery = waiting[nth % len(waiting)]
        for _ in range(sound):
            if delivery.hands.calls:
                self.carry_out(delivery)
        if not delivery.hands.calls:
            return
        match how:
            case "is carried out":
                self.carry_out(delivery)
            case "and all that follow are carried out":
                self.finish(delivery)
            case "is never made: the process dies":
                self.kill(delivery)
            case "is the last: the process dies":
                self.effect(delivery)
                self.kill(delivery)
            case "fails":
                self.answer(delivery, GONE)
            case _:
                self.effect(delivery)
                self.answer(delivery, GONE)

    @precondition(lambda self: self.uncommitted())
    @rule(nth=NTH)
    def an_outcome_is_committed(self, nth: int) -> None:
        """Only the latest process that has a record may commit it."""
        done = self.uncommitted()
        self.commit(done[nth % len(done)])

    # What must hold

    @invariant()
    def no_attempt_has_two_ends_and_no_bytes_two_owners(self) -> None:
        ends = [attempt_of(self.places[n]) for n, o in self.committed.items() if counts(o)]
        assert len(ends) == len(set(ends)), "an attempt ended twice"
        assert len(self.owners()) == len({sha256 for _, sha256 in self.owners()}), "two owners"

    @invariant()
    def whoever_claimed_bytes_has_a_receipt_for_them(self) -> None:
        accepted = {
            (decided.submission_id, decided.decision.record.image.sha256)
            for key in self.store.list("receipts/")
            if isinstance((decided := decoded(self.store.get(key))).decision, Accepted)
        }
        for key in self.store.list("seen/"):
            claim = (SubmissionId(self.store.get(key).decode()), key.removeprefix("seen/"))
            assert claim in accepted, "bytes are claimed by a submission that need not emit them"

    def teardown(self) -> None:
        """Without further faults every attempt ends, and who is named as an owner is one."""
        try:
            for place in range(len(self.places)):
                if place not in self.committed:
                    self.finish(self.deliver(place))  # its process dies before it commits
                    self.commit(self.finish(self.deliver(place)))
            self.no_attempt_has_two_ends_and_no_bytes_two_owners()
            ended = {attempt_of(self.places[n]) for n, o in self.committed.items() if counts(o)}
            assert ended == {attempt_of(place) for place in self.places}, "an attempt has no end"
            owners = {who for who, _ in self.owners()}
            for outcome in self.committed.values():
                if isinstance(outcome, Reject) and outcome.reason == "duplicate_content":
                    assert outcome.duplicate_of in owners, "a duplicate of what nobody emitted"
        finally:
            for delivery in self.deliveries:
                self.kill(delivery)
            self.loop.close()

    # How it is done

    def deliver(self, place: int) -> Delivery:
        delivery = Delivery(place)
        step = self.step_class(
            fetch=self.fetch,
            decode=decode,
            quarantine=self.quarantine_class(self.store, delivery.hands),
            meters=self.metrics,
            now=lambda: NOW,
        )
        delivery.task = self.loop.create_task(_awaited(step, self.places[place]))
        self.deliveries.append(delivery)
        self.settle()
        return delivery

    def open_places(self) -> list[int]:
        return [place for place in range(len(self.places)) if place not in self.committed]

    def waiting(self) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if delivery.hands.calls]

    def uncommitted(self) -> list[Delivery]:
        latest = {delivery.place: delivery for delivery in self.deliveries}
        return [d for place, d in latest.items() if d.ended and place not in self.committed]

    def carry_out(self, delivery: Delivery) -> None:
        effect, future = delivery.hands.calls.pop(0)
        try:
            future.set_result(effect())
        except ObjectMissing as missing:
            future.set_exception(missing)
        self.settle()

    def effect(self, delivery: Delivery) -> None:
        with suppress(ObjectMissing):
            delivery.hands.calls[0][0]()

    def answer(self, delivery: Delivery, error: Exception) -> None:
        delivery.hands.calls.pop(0)[1].set_exception(error)
        self.settle()

    def finish(self, delivery: Delivery) -> Delivery:
        while delivery.hands.calls:
            self.carry_out(delivery)
        return delivery

    def kill(self, delivery: Delivery) -> None:
        delivery.hands.calls.clear()
        delivery.task.cancel()
        self.loop.run_until_complete(_turns())
        delivery.hands.shutdown()

    def settle(self) -> None:
        """Let every coroutine go on until it waits for the schedule."""
        self.loop.run_until_complete(_turns())
        for delivery in self.deliveries:
            if not delivery.task.done():
                continue
            if not delivery.task.cancelled() and (error := delivery.task.exception()) is not None:
                assert isinstance(error, Unavailable), repr(error)
            if delivery.ended:
                known = self.outcomes.setdefault(delivery.place, delivery.task.result())
                assert delivery.task.result() == known, "a delivery ended otherwise than another"

    def commit(self, delivery: Delivery) -> None:
        outcome = delivery.task.result()
        if isinstance(outcome, Emit):
            (record,) = outcome.records
            sha256 = record.image.sha256
            assert self.store.get(quarantine_original(sha256)) in PAGES
            assert self.store.get(quarantine_rendition(sha256)).startswith(b"rendition of ")
        self.committed[delivery.place] = outcome

    def owners(self) -> set[tuple[SubmissionId, str]]:
        """Who emitted which bytes."""
        return {
            (record.submission.submission_id, record.image.sha256)
            for outcome in self.committed.values()
            if isinstance(outcome, Emit)
            for record in outcome.records
        }

    async def fetch(self, url: Origin) -> Fetched | Refusal:
        page = self.web[str(url)]
        return page if isinstance(page, Refusal) else Fetched(facts(url), page)


async def _awaited(step: IngestStep, one: Submitted) -> Outcome[ImageFetched]:
    return await step(one)


async def _turns() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


def attempt_of(one: Submitted) -> tuple[SubmissionId, int]:
    return one.submission_id, one.attempt


def counts(outcome: Outcome[ImageFetched]) -> bool:
    return outcome != Skip("already_submitted")
