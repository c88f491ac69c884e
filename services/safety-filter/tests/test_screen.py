from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec
import pytest

from pixelprose.objectstore import MemoryStore, StoreUnavailable, keys
from pixelprose.records import ImageFetched, ImageScreened, SafetyIncident, codes
from pixelprose.safety_filter.policy import SHIPPED, load_policy
from pixelprose.safety_filter.step import Decision, Screen
from pixelprose.streamkit import DeadLetter, Emit, Reject, Unavailable

Fetched = Callable[..., ImageFetched]
Put = Callable[..., None]


class Scorer(Protocol):
    batches: list[int]


def emitted(decision: Decision) -> ImageScreened:
    match decision:
        case Emit((ImageScreened() as screened,)):
            return screened
    pytest.fail(f"not screened: {decision}")


def test_a_harmless_image_is_screened_and_promoted_with_everything_that_was_found(
    screen: Screen, store: MemoryStore, fetched: Fetched, put: Put, now: datetime
) -> None:
    put(record := fetched(), "green")
    screened = emitted(screen([record])[0])
    screening, policy = screened.screening, load_policy(SHIPPED)
    assert (screening.policy, screening.policy_hash) == ("pixelprose-safety/1", policy.hash)
    assert screening.nsfw_score == screening.nsfw_labels["nsfw"] < 0.1
    assert [(one.name, one.version, one.entries) for one in screening.hash_lists] == [
        ("test", "7", 1)
    ]
    assert (screening.nsfw_model.name, screening.screened_at) == ("red", now)
    assert store.stat(keys.image_rendition(record.image.sha256)) is not None
    unchanged = msgspec.structs.replace(
        screened.image,
        original_key=record.image.original_key,
        rendition_key=record.image.rendition_key,
    )
    assert (unchanged, screened.submission) == (record.image, record.submission)


def test_an_unsafe_image_is_rejected_with_its_scores_and_stays_in_quarantine(
    screen: Screen, store: MemoryStore, fetched: Fetched, put: Put
) -> None:
    put(record := fetched(), "red")
    match screen([record])[0]:
        case Reject("nsfw", scores=scores):
            assert scores["nsfw"] > 0.9
            assert scores["label:normal"] < 0.1
        case other:
            pytest.fail(f"not rejected: {other}")
    assert not list(store.list("images/"))


def test_a_known_hash_is_blocked_without_a_word_and_told_to_the_incidents_alone(
    screen: Screen,
    scorer: Scorer,
    store: MemoryStore,
    fetched: Fetched,
    known_pdq: str,
    now: datetime,
) -> None:
    record = fetched(pdq=f"{int(known_pdq, 16) ^ 0b111:064x}")
    match screen([record])[0]:
        case Reject("blocked", also=(SafetyIncident() as incident,)) as rejected:
            assert (rejected.detail, dict(rejected.scores)) == ("", {})
        case other:
            pytest.fail(f"not blocked: {other}")
    assert (incident.list_name, incident.list_version, incident.distance) == ("test", "7", 3)
    assert (incident.sha256, incident.detected_at) == (record.image.sha256, now)
    assert incident.submission == record.submission
    assert sum(scorer.batches) == 0, "the hash gate needs no pixels"
    assert not list(store.list("images/"))


def test_the_bytes_of_a_listed_file_are_blocked_whatever_their_pdq(
    screen: Screen, fetched: Fetched
) -> None:
    assert isinstance(rejected := screen([fetched("d")])[0], Reject)
    assert rejected.reason == "blocked"


def test_a_poor_pdq_is_matched_all_the_same(
    screen: Screen, fetched: Fetched, known_pdq: str
) -> None:
    assert isinstance(screen([fetched(pdq=known_pdq, pdq_quality=0)])[0], Reject)


def test_the_same_hit_is_the_same_incident_and_another_attempt_another(
    screen: Screen, fetched: Fetched, known_pdq: str
) -> None:
    record = fetched(pdq=known_pdq)
    again = msgspec.structs.replace(
        record, submission=msgspec.structs.replace(record.submission, attempt=1)
    )
    ids = [
        incident.incident_id
        for outcome in screen([record, record, again])
        if isinstance(outcome, Reject)
        for incident in outcome.also
        if isinstance(incident, SafetyIncident)
    ]
    assert ids[0] == ids[1] != ids[2]


def test_an_image_that_is_not_in_quarantine_is_rejected(screen: Screen, fetched: Fetched) -> None:
    assert screen([fetched()]) == [Reject("image_missing", "not in quarantine")]


def test_an_image_that_leaves_quarantine_meanwhile_is_rejected(
    screen: Screen, store: MemoryStore, fetched: Fetched, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(record := fetched())
    get = store.get

    def get_then_expire(key: keys.ObjectKey) -> bytes:
        data = get(key)
        store.delete(key)
        return data

    monkeypatch.setattr(store, "get", get_then_expire)
    assert screen([record]) == [Reject("image_missing", "left quarantine")]


def test_a_broken_rendition_or_hash_is_a_dead_letter(
    screen: Screen, store: MemoryStore, fetched: Fetched
) -> None:
    key = keys.quarantine_rendition("a" * 64)
    store.put(key, b"no JPEG", content_type="image/jpeg")
    broken, nonsense = screen([fetched("a"), fetched("b", pdq="no hash")])
    assert isinstance(broken, DeadLetter)
    assert broken.reason == "broken_rendition"
    assert isinstance(nonsense, DeadLetter)
    assert nonsense.reason == "invalid_record"


def test_every_reason_is_on_the_checked_list() -> None:
    known = codes()
    assert {"blocked", "nsfw"} <= known.reasons["safety-filter"].keys()
    assert "image_missing" in known.reasons["any"]
    assert {"broken_rendition", "invalid_record"} <= known.dead_letter_reasons.keys()


def test_a_batch_keeps_its_order_and_calls_the_model_once(
    screen: Screen, scorer: Scorer, fetched: Fetched, put: Put, known_pdq: str
) -> None:
    records = [fetched("1"), fetched("2", pdq=known_pdq), fetched("3"), fetched("4"), fetched("5")]
    for record, colour in zip(records, ("red", "red", "green", None, "blue"), strict=True):
        if colour:
            put(record, colour)
    said = [
        outcome.reason if isinstance(outcome, Reject) else emitted(outcome).image.sha256[0]
        for outcome in screen(records)
    ]
    assert said == ["nsfw", "blocked", "3", "image_missing", "5"]
    assert scorer.batches == [3]


def test_a_store_that_is_down_decides_nothing_and_a_repeated_call_ends_the_same(
    screen: Screen, store: MemoryStore, fetched: Fetched, put: Put
) -> None:
    put(record := fetched())
    for operation in ("get", "copy"):
        store.fail_next("copy" if operation == "copy" else "get", StoreUnavailable("down"))
        with pytest.raises(Unavailable):
            screen([record])
    store.lose_next_answer("copy", StoreUnavailable("reset"))
    with pytest.raises(Unavailable):
        screen([record])
    assert screen([record]) == screen([record])
    assert emitted(screen([record])[0]).image.rendition_key.startswith("images/")
