import asyncio
import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest

from pixelprose.ingester.meters import meters
from pixelprose.ingester.put_off import Patience, PutOff
from pixelprose.ingester.quarantine import Originals, Quarantine
from pixelprose.ingester.refusal import Reason, Refusal
from pixelprose.ingester.step import IngestStep
from pixelprose.ingester.testing import NOW, PAGE, FakeWeb, Page, decode
from pixelprose.objectstore import (
    MemoryStore,
    ObjectKey,
    StoreRefused,
    StoreUnavailable,
    quarantine_original,
    quarantine_rendition,
    seen,
)
from pixelprose.objectstore.memory import Operation
from pixelprose.records import (
    ConsentSignal,
    Evidence,
    ImageFetched,
    ImageSubmitted,
    Rights,
    SubmissionId,
    Submitted,
)
from pixelprose.streamkit import (
    Emit,
    ExitCode,
    Later,
    Metrics,
    Outcome,
    Reject,
    Skip,
    Stop,
    TopicPartition,
    Unavailable,
)

TOPIC = "pixelprose.images.submitted.v1"
GONE = StoreUnavailable("gone")


@dataclass
class Ingester:
    """The step on a fake web and a store in memory."""

    store: MemoryStore
    web: FakeWeb
    threads: ThreadPoolExecutor
    originals: Originals = "kept"
    tiers: int = 3
    metrics: Metrics = field(default_factory=Metrics)

    def run(self, *submissions: Submitted) -> list[Outcome[ImageFetched]]:
        """The outcomes of submissions that are worked on at the same time."""
        counts = meters(self.metrics)
        step = IngestStep(
            fetch=self.web.fetch,
            decode=decode,
            quarantine=Quarantine(
                self.store, self.threads, originals=self.originals, count=counts.trip
            ),
            meters=counts,
            now=lambda: NOW,
            patience=Patience(self.tiers),
        )

        async def together() -> list[Outcome[ImageFetched]]:
            return list(await asyncio.gather(*(step(one) for one in submissions)))

        return asyncio.run(together())


@pytest.fixture
def ingester() -> Iterator[Ingester]:
    pages: dict[str, Page] = {
        "http://example.com/a": b"picture",
        "http://example.com/b": b"another",
        "http://example.com/copy": b"picture",
        "http://example.com/page": PAGE,
        "http://example.com/gone": Refusal("http_not_found", "status 404"),
    }
    with ThreadPoolExecutor(8) as threads:
        yield Ingester(MemoryStore(now=lambda: NOW), FakeWeb(pages), threads)


def submitted(
    path: str = "a", *, who: str = "1", attempt: int = 0, offset: int = 0, partition: int = 0
) -> Submitted:
    return Submitted(
        record=ImageSubmitted(
            url=f"HTTP://example.com:80/{path}",
            source="test",
            alt_text="a picture",
            alt_text_language="en",
            rights=Rights(licence="CC0", basis="declared"),
            fields={"row": "7"},
            submitted_at=NOW,
        ),
        submission_id=SubmissionId(who * 64),
        attempt=attempt,
        at=TopicPartition(TOPIC, partition),
        offset=offset,
    )


def emitted(outcome: Outcome[ImageFetched]) -> ImageFetched:
    assert isinstance(outcome, Emit)
    (record,) = outcome.records
    return record


def test_an_image_is_emitted_with_all_that_is_known_of_it(ingester: Ingester) -> None:
    record = emitted(*ingester.run(submitted()))
    assert record.submission.url == "HTTP://example.com:80/a"
    assert record.submission.canonical_url == "http://example.com/a"
    assert (record.submission.alt_text, record.submission.fields) == ("a picture", {"row": "7"})
    assert record.rights.licence == "CC0"
    assert record.image.bytes == len(b"picture")
    assert record.image.exif == {"Make": "Aperture Works"}
    assert record.lineage == ()


def test_original_and_rendition_lie_in_quarantine_under_their_hash(ingester: Ingester) -> None:
    image = emitted(*ingester.run(submitted())).image
    assert image.original_key == quarantine_original(image.sha256)
    assert image.rendition_key == quarantine_rendition(image.sha256)
    original = quarantine_original(image.sha256)
    assert ingester.store.get(original) == b"picture"
    assert ingester.store.content_type(original) == "application/octet-stream"
    assert ingester.store.get(quarantine_rendition(image.sha256)) == b"rendition of picture"
    assert image.rendition_bytes == len(b"rendition of picture")


@pytest.mark.parametrize("size", [7, 200_000])  # beside the loop, and in a thread
def test_the_identity_is_the_sha256_of_the_bytes(ingester: Ingester, size: int) -> None:
    body = bytes(size)
    ingester.web.pages["http://example.com/a"] = body
    assert emitted(*ingester.run(submitted())).image.sha256 == hashlib.sha256(body).hexdigest()


class Meeting(MemoryStore):
    """Puts into quarantine end only when two of them are under way."""

    def __init__(self) -> None:
        super().__init__(now=lambda: NOW)
        self._both = threading.Barrier(2, timeout=20)

    def put(self, key: ObjectKey, data: bytes, *, content_type: str) -> None:
        if key.startswith("quarantine/"):
            self._both.wait()
        super().put(key, data, content_type=content_type)


def test_original_and_rendition_are_put_side_by_side(ingester: Ingester) -> None:
    ingester.store = Meeting()
    emitted(*ingester.run(submitted()))


def test_originals_are_not_kept_when_they_are_not_wanted(ingester: Ingester) -> None:
    ingester.originals = "none"
    image = emitted(*ingester.run(submitted())).image
    assert image.original_key is None
    kept = list(ingester.store.list("quarantine/"))
    assert kept == [quarantine_rendition(image.sha256)]


def test_a_url_that_still_brings_the_same_bytes_is_a_duplicate_of_its_first(
    ingester: Ingester,
) -> None:
    ingester.run(submitted(who="1"))
    (outcome,) = ingester.run(submitted(who="2", offset=1))
    assert isinstance(outcome, Reject)
    assert (outcome.reason, outcome.duplicate_of) == ("duplicate_content", "1" * 64)


def requests(ingester: Ingester) -> dict[str, int]:
    """How often the store was asked, by kind."""
    name = 'pixelprose_ingester_store_requests_total{kind="'
    return {
        line.removeprefix(name).split('"')[0]: int(float(line.split()[-1]))
        for line in ingester.metrics.exposition().decode().splitlines()
        if line.startswith(name)
    }


def test_an_image_costs_five_round_trips_to_the_store(ingester: Ingester) -> None:
    ingester.run(submitted())
    once = ("get_receipt", "put_original", "put_rendition", "put_receipt", "put_claim")
    assert requests(ingester) == dict.fromkeys(once, 1)


def test_a_rejection_costs_two_and_a_repeated_delivery_one_and_the_claim(
    ingester: Ingester,
) -> None:
    ingester.run(submitted("gone"))
    assert requests(ingester) == {"get_receipt": 1, "put_receipt": 1}
    ingester.run(submitted("gone"))
    assert requests(ingester) == {"get_receipt": 2, "put_receipt": 1}


def test_how_fetches_end_is_counted_and_shown_as_a_share(ingester: Ingester) -> None:
    ingester.run(submitted(), submitted("b", who="2"), submitted("gone", who="3"))
    text = ingester.metrics.exposition().decode()
    assert 'pixelprose_ingester_fetches_total{outcome="fetched"} 2.0' in text
    assert 'pixelprose_ingester_fetches_total{outcome="http_not_found"} 1.0' in text
    sizes = len(b"picture") + len(b"another")
    assert f"pixelprose_ingester_fetched_bytes_total {float(sizes)}" in text
    for stage, count in (("fetch", 3), ("decode", 2), ("hash", 2), ("keep", 2)):
        name = f'pixelprose_ingester_stage_seconds_count{{stage="{stage}"}}'
        assert f"{name} {float(count)}" in text
    (share,) = [line for line in text.splitlines() if line.startswith("pixelprose_ingester_succ")]
    assert float(share.split()[-1]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(("path", "reason"), [("page", "not_an_image"), ("gone", "http_not_found")])
def test_a_refusal_is_a_rejection(ingester: Ingester, path: str, reason: str) -> None:
    (outcome,) = ingester.run(submitted(path))
    assert isinstance(outcome, Reject)
    assert outcome.reason == reason


def test_a_bad_url_is_rejected_without_a_fetch(ingester: Ingester) -> None:
    bad = submitted()
    (outcome,) = ingester.run(
        replace(bad, record=ImageSubmitted(url="x", source="", submitted_at=NOW))
    )
    assert isinstance(outcome, Reject)
    assert outcome.reason == "bad_url"
    assert ingester.web.asked == []


def test_nothing_is_kept_of_what_was_refused(ingester: Ingester) -> None:
    ingester.run(submitted("page"))
    assert [key.partition("/")[0] for key in ingester.store.list("")] == ["receipts"]


def test_a_second_delivery_ends_as_the_first_and_fetches_nothing(ingester: Ingester) -> None:
    first = ingester.run(submitted())
    ingester.web.pages["http://example.com/a"] = Refusal("http_forbidden", "not any more")
    assert ingester.run(submitted()) == first
    assert len(ingester.web.asked) == 1


def test_a_rejection_stands_although_the_web_now_answers_otherwise(ingester: Ingester) -> None:
    first = ingester.run(submitted("gone"))
    ingester.web.pages["http://example.com/gone"] = b"back again"
    assert ingester.run(submitted("gone")) == first


def test_a_submission_that_was_brought_twice_is_skipped(ingester: Ingester) -> None:
    ingester.run(submitted(offset=3))
    for other in (submitted(offset=4), submitted(offset=3, partition=1)):
        assert ingester.run(other) == [Skip("already_submitted")]
    assert len(ingester.web.asked) == 1


def test_a_submission_brought_twice_at_once_ends_once(ingester: Ingester) -> None:
    outcomes = ingester.run(*(submitted(offset=offset) for offset in range(5)))
    assert sum(isinstance(outcome, Emit) for outcome in outcomes) == 1
    assert outcomes.count(Skip("already_submitted")) == 4


def test_a_redrive_is_decided_anew(ingester: Ingester) -> None:
    ingester.run(submitted("gone"))
    ingester.web.pages["http://example.com/gone"] = b"back again"
    again = submitted("gone", attempt=1, offset=9)
    assert emitted(*ingester.run(again)).submission.attempt == 1
    assert emitted(*ingester.run(again)).submission.attempt == 1
    assert len(ingester.web.asked) == 2


def test_a_redrive_owns_the_bytes_that_its_first_attempt_claimed(ingester: Ingester) -> None:
    ingester.run(submitted())
    emitted(*ingester.run(submitted(attempt=1, offset=9)))


def test_the_same_bytes_again_are_a_duplicate_that_names_its_owner(ingester: Ingester) -> None:
    ingester.run(submitted(who="1"))
    (outcome,) = ingester.run(submitted("copy", who="2", offset=1))
    assert isinstance(outcome, Reject)
    assert (outcome.reason, outcome.duplicate_of) == ("duplicate_content", "1" * 64)


def test_a_duplicate_stays_one_when_it_is_delivered_again(ingester: Ingester) -> None:
    ingester.run(submitted(who="1"))
    copy = submitted("copy", who="2", offset=1)
    assert ingester.run(copy) == ingester.run(copy)


def test_new_bytes_behind_a_known_url_are_a_new_version(ingester: Ingester) -> None:
    first = emitted(*ingester.run(submitted(who="1")))
    ingester.web.pages["http://example.com/a"] = b"changed"
    second = emitted(*ingester.run(submitted(who="2", offset=1)))
    assert first.submission.image_id == second.submission.image_id
    assert first.image.sha256 != second.image.sha256


def test_one_of_many_that_bring_the_same_bytes_at_once_owns_them(ingester: Ingester) -> None:
    everyone = [submitted("copy", who=who, offset=int(who, 16)) for who in "0123456789abcdef"]
    outcomes = ingester.run(*everyone)
    (winner,) = [emitted(outcome) for outcome in outcomes if isinstance(outcome, Emit)]
    losers = [outcome for outcome in outcomes if isinstance(outcome, Reject)]
    assert len(losers) == len(everyone) - 1
    assert {loser.duplicate_of for loser in losers} == {winner.submission.submission_id}
    assert ingester.store.get(seen(winner.image.sha256)) == winner.submission.submission_id.encode()


@pytest.mark.parametrize("operation", ["get", "put", "put_if_absent"])
def test_a_store_that_is_away_is_no_records_fault(ingester: Ingester, operation: Operation) -> None:
    ingester.store.fail_next(operation, GONE)
    with pytest.raises(Unavailable, match="store"):
        ingester.run(submitted())
    emitted(*ingester.run(submitted()))


def test_a_receipt_whose_acknowledgement_got_lost_stands(ingester: Ingester) -> None:
    ingester.store.lose_next_answer("put_if_absent", GONE)
    with pytest.raises(Unavailable):
        ingester.run(submitted())
    ingester.web.pages["http://example.com/a"] = Refusal("timeout", "now it is slow")
    emitted(*ingester.run(submitted()))


class _CrashBefore(Exception):
    """The process dies here."""


class CrashingStore(MemoryStore):
    """Dies before its n-th write, and is then as it was."""

    def __init__(self, *, before: int) -> None:
        super().__init__(now=lambda: NOW)
        self._left = before

    def put(self, key: ObjectKey, data: bytes, *, content_type: str) -> None:
        self._count()
        super().put(key, data, content_type=content_type)

    def put_if_absent(self, key: ObjectKey, data: bytes, *, content_type: str) -> bool:
        self._count()
        return super().put_if_absent(key, data, content_type=content_type)

    def _count(self) -> None:
        self._left -= 1
        if self._left == -1:
            raise _CrashBefore


@pytest.mark.parametrize("before", range(4))
def test_a_crash_between_any_two_writes_loses_and_doubles_nothing(
    ingester: Ingester, before: int
) -> None:
    ingester.store = CrashingStore(before=before)
    with pytest.raises(_CrashBefore):
        ingester.run(submitted(who="1"))
    emitted(*ingester.run(submitted(who="1")))
    (copy,) = ingester.run(submitted("copy", who="2", offset=1))
    assert isinstance(copy, Reject)
    assert copy.duplicate_of == "1" * 64


def test_a_claim_whose_acknowledgement_got_lost_is_still_ours(ingester: Ingester) -> None:
    ingester.store = CrashingStore(before=3)
    with pytest.raises(_CrashBefore):
        ingester.run(submitted())
    ingester.store.lose_next_answer("put_if_absent", GONE)
    with pytest.raises(Unavailable):
        ingester.run(submitted())
    emitted(*ingester.run(submitted()))


def test_a_store_that_refuses_us_stops_the_service(ingester: Ingester) -> None:
    ingester.store.fail_next("get", StoreRefused("access denied"))
    with pytest.raises(Stop, match="access denied") as stopped:
        ingester.run(submitted())
    assert stopped.value.code is ExitCode.BAD_CONFIGURATION


BUSY = "http://example.com/busy"


def put_off(reason: Reason = "http_rate_limited") -> PutOff:
    return PutOff(Refusal(reason, "status 429"), least_seconds=30)


def test_to_wait_is_no_decision_and_leaves_no_receipt(ingester: Ingester) -> None:
    ingester.web.pages[BUSY] = put_off()
    later = Later("http_rate_limited", "status 429", least_seconds=30)
    assert ingester.run(submitted("busy")) == [later]
    assert list(ingester.store.list("")) == []


def test_what_waited_is_fetched_when_it_comes_again_and_ends_once(ingester: Ingester) -> None:
    ingester.web.pages[BUSY] = put_off()
    ingester.run(submitted("busy"))
    ingester.web.pages[BUSY] = b"picture"
    again = replace(submitted("busy"), retries=1)
    first = ingester.run(again)
    emitted(*first)
    ingester.web.pages[BUSY] = put_off()
    assert ingester.run(again) == first
    assert ingester.run(submitted("busy")) == first


def test_after_the_last_wait_it_is_rejected_for_the_reason_and_stays_so(ingester: Ingester) -> None:
    ingester.web.pages[BUSY] = put_off()
    last = replace(submitted("busy"), retries=3)
    assert ingester.run(replace(last, retries=2)) == [
        Later("http_rate_limited", "status 429", least_seconds=30)
    ]
    assert ingester.run(last) == [Reject("http_rate_limited", "status 429")]
    ingester.web.pages[BUSY] = b"picture"
    assert ingester.run(last) == [Reject("http_rate_limited", "status 429")]
    assert ingester.run(submitted("busy", offset=5)) == [Skip("already_submitted")]


def test_a_submission_brought_twice_that_waits_ends_once(ingester: Ingester) -> None:
    ingester.web.pages[BUSY] = put_off()
    twice = (submitted("busy"), submitted("busy", offset=1))
    assert all(isinstance(outcome, Later) for outcome in ingester.run(*twice))
    outcomes = ingester.run(*(replace(one, retries=3) for one in twice))
    assert sum(isinstance(outcome, Reject) for outcome in outcomes) == 1
    assert outcomes.count(Skip("already_submitted")) == 1


@pytest.mark.parametrize("reason", ["timeout", "connect_failed"])
def test_a_silent_host_gets_one_more_try(ingester: Ingester, reason: Reason) -> None:
    ingester.web.pages[BUSY] = put_off(reason)
    (first,) = ingester.run(submitted("busy"))
    assert isinstance(first, Later)
    (second,) = ingester.run(replace(submitted("busy"), retries=1))
    assert isinstance(second, Reject)
    assert second.reason == reason


def test_without_retries_it_is_rejected_at_once_with_a_receipt(ingester: Ingester) -> None:
    ingester.tiers = 0
    ingester.web.pages[BUSY] = put_off()
    assert ingester.run(submitted("busy")) == [Reject("http_rate_limited", "status 429")]
    assert [key.partition("/")[0] for key in ingester.store.list("")] == ["receipts"]


@pytest.mark.parametrize("before", range(4))
def test_a_crash_after_a_wait_loses_and_doubles_nothing(ingester: Ingester, before: int) -> None:
    ingester.web.pages[BUSY] = put_off()
    ingester.run(submitted("busy"))
    ingester.web.pages[BUSY] = b"picture"
    ingester.store = CrashingStore(before=before)
    again = replace(submitted("busy"), retries=1)
    with pytest.raises(_CrashBefore):
        ingester.run(again)
    emitted(*ingester.run(again))
    (copy,) = ingester.run(submitted("copy", who="2", offset=1))
    assert isinstance(copy, Reject)


SIGNAL = ConsentSignal(name="X-Robots-Tag", value="noai", seen_at=NOW)


def test_what_a_publisher_said_is_in_the_rejection_and_stays_so(ingester: Ingester) -> None:
    evidence = Evidence(consent=(SIGNAL,), consent_policy="p/1", consent_policy_hash="1" * 64)
    ingester.web.pages["http://example.com/gone"] = Refusal("opted_out", "no", evidence)
    rejected: list[Outcome[ImageFetched]] = [Reject("opted_out", "no", evidence=evidence)]
    assert ingester.run(submitted("gone")) == rejected
    ingester.web.pages["http://example.com/gone"] = b"back again"
    assert ingester.run(submitted("gone")) == rejected


@pytest.mark.parametrize(("path", "known"), [("page", False), ("copy", True)])
def test_a_rejection_of_bytes_says_what_came_with_them(
    ingester: Ingester, path: str, *, known: bool
) -> None:
    ingester.run(submitted())
    ingester.web.consent = (SIGNAL,)
    (outcome,) = ingester.run(submitted(path, who="2", offset=1))
    assert isinstance(outcome, Reject)
    assert isinstance(outcome.evidence, Evidence)
    assert outcome.evidence.consent == (SIGNAL,)
    sha256 = hashlib.sha256(b"picture").hexdigest()
    assert outcome.evidence.sha256 == (sha256 if known else None)


def success_share(ingester: Ingester, *ends: Page) -> float:
    """The share after each of these ends of a fetch, in this order."""
    for number, end in enumerate(ends):
        ingester.web.pages[f"http://example.com/{number}"] = end
    who = "0123456789abcdef"
    ingester.run(*(submitted(str(number), who=who[number]) for number in range(len(ends))))
    text = ingester.metrics.exposition().decode()
    (share,) = [line for line in text.splitlines() if line.startswith("pixelprose_ingester_succ")]
    return float(share.split()[-1])


def test_the_share_leaves_out_what_asked_nobody_and_a_publishers_no(ingester: Ingester) -> None:
    unasked: list[Reason] = ["host_busy", "host_backing_off", "forbidden_source"]
    noes: list[Reason] = ["opted_out", "robots_disallowed"]
    silent = [Refusal(reason, "") for reason in (*unasked, *noes)]
    busy = PutOff(Refusal("host_busy", ""))
    assert success_share(ingester, b"picture", Refusal("timeout", ""), *silent, busy) == 0.5


def test_a_page_in_place_of_an_image_is_no_success(ingester: Ingester) -> None:
    assert success_share(ingester, b"picture", PAGE, PAGE, PAGE) == 0.25
