"""Decisions about dead letters and rejections: pure, on records of the examples."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pixelprose.cli.errors import CommandError
from pixelprose.cli.redrive import filters, run
from pixelprose.cli.redrive.choosing import choose, oldest
from pixelprose.cli.redrive.decision import Decided, Deciding, Refused
from pixelprose.cli.redrive.failure import Failure, Place, of_dead_letter, of_rejection
from pixelprose.cli.redrive.filters import Wanted
from pixelprose.cli.redrive.ledger import Ledger
from pixelprose.cli.redrive.masking import printable, shown, shown_with_personal_data
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import (
    Group,
    ImageAnnotated,
    ImageRejected,
    ImageSubmitted,
    Passing,
    RecordCodec,
    Redrive,
    Registry,
    RegistrySettings,
    Submitted,
    Wire,
    codes,
    submission_id,
    submission_id_at,
    topic_list,
    topic_of,
)
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.streamkit import Message, Outgoing, Reject, TopicPartition
from pixelprose.streamkit.letters import DeadLetters

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
REGISTRY = Registry(RegistrySettings())
CLUSTER = "cluster-1"
ANNOTATED = example(packaged(), ImageAnnotated, "full")
SUBMITTED = example(packaged(), ImageSubmitted, "full")
IDS = {
    name: f"id of {name}" for name in (*topic_list().dead_letter_topics(), topic_of(ImageRejected))
}
DECIDING = Deciding(
    RecordCodec(
        Passing(service="redrive", stage="redrive", version="1", instance="live", cluster=CLUSTER),
        REGISTRY,
        now=lambda: NOW,
    ),
    KafkaSettings(bootstrap_servers="127.0.0.1:1"),
    by="somebody",
    now=lambda: NOW,
)


def as_message(
    topic: str, value: bytes, headers: Mapping[str, str] | None = None, *, offset: int = 7
) -> Message:
    encoded = tuple((name, text.encode()) for name, text in (headers or {}).items())
    return Message(TopicPartition(topic, 1), offset, b"key", value, encoded, NOW)


def wired(record: Group) -> bytes:
    return Wire(type(record), REGISTRY).encode(record)


def on_log(out: Outgoing, *, offset: int = 3) -> Message:
    return Message(TopicPartition(out.topic, 1), offset, out.key, out.value, out.headers, NOW)


def dead(
    record: Group | bytes,
    headers: Mapping[str, str] | None = None,
    *,
    service: str = "ingester",
    topic: str = topic_of(ImageSubmitted),
    reason: str = "unknown_error",
    text: str = "boom",
    offset: int = 3,
) -> Failure:
    value = record if isinstance(record, bytes) else wired(record)
    letters = DeadLetters(service, version="1.2", now=lambda: NOW)
    out = letters.of(
        as_message(topic, value, headers), reason, error_class="ValueError", error_text=text
    )
    return of_dead_letter(on_log(out, offset=offset), cluster=CLUSTER)


def rejected(
    record: Group, headers: Mapping[str, str] | None = None, *, stage: str, reason: str
) -> Failure:
    codec = RecordCodec(
        Passing(service=stage, stage=stage, version="1", instance="live", cluster=CLUSTER),
        REGISTRY,
        now=lambda: NOW,
    )
    cause = as_message(topic_of(type(record)), wired(record), headers)
    refusal: Reject[Any] = Reject(reason, "a sentence")
    message = on_log(codec.reject(refusal, codec.decode(cause), cause))
    return of_rejection(message, Wire(ImageRejected, REGISTRY).decode(message.value))


def put_back(failure: Failure, ledger: Ledger | None = None) -> Decided:
    decision = DECIDING.put_back(failure, ledger or Ledger(dict(IDS)))
    assert isinstance(decision, Decided), decision
    return decision


def arrived(decision: Decided) -> Any:  # noqa: ANN401 - the topic's record
    """What the service of that topic decodes."""
    (out,) = decision.outgoing
    return DECIDING.codec.decode(on_log(out, offset=99))


def annotated_letter(**options: Any) -> Failure:  # noqa: ANN401 - as `dead` takes them
    return dead(ANNOTATED, service="captioner", topic=topic_of(ImageAnnotated), **options)


class TestPuttingBack:
    def test_a_submission_keeps_its_event_id_and_gets_one_more_attempt(self) -> None:
        headers = {"ce_source": "list", "ce_id": "17", "traceparent": "t", "mine": "x"}
        decision = put_back(dead(SUBMITTED, headers))
        again = arrived(decision)
        assert isinstance(again, Submitted)
        assert again.submission_id == submission_id(ce_source="list", ce_id="17")
        assert (again.attempt, again.record) == (1, SUBMITTED)
        (out,) = decision.outgoing
        assert out.key == b"key"
        assert dict(out.headers).items() >= {(n, v.encode()) for n, v in headers.items()}
        assert not [name for name, _ in out.headers if name.startswith("dlq_")]

    def test_a_submission_known_by_its_position_stays_the_same_elsewhere(self) -> None:
        was = submission_id_at(
            cluster=CLUSTER, topic=topic_of(ImageSubmitted), partition=1, offset=7
        )
        first = arrived(put_back(dead(SUBMITTED)))
        assert (first.submission_id, first.attempt) == (was, 1)
        headers = {"ce_submissionid": was, "ce_attempt": "1"}
        second = arrived(put_back(dead(SUBMITTED, headers)))
        assert (second.submission_id, second.attempt) == (was, 2)

    def test_a_new_attempt_may_wait_as_often_as_the_first(self) -> None:
        (out,) = put_back(dead(SUBMITTED, {"retry_count": "3"})).outgoing
        assert "retry_count" not in dict(out.headers)

    def test_a_foreign_submission_header_of_a_first_attempt_means_nothing(self) -> None:
        again = arrived(put_back(dead(SUBMITTED, {"ce_submissionid": "f" * 64})))
        assert again.submission_id == arrived(put_back(dead(SUBMITTED))).submission_id

    def test_a_submission_that_cannot_be_read_goes_back_unchanged(self) -> None:
        decision = put_back(dead(b"\0garbage", {"ce_attempt": "x"}, reason="undecodable"))
        (out,) = decision.outgoing
        assert (out.value, dict(out.headers)["ce_attempt"]) == (b"\0garbage", b"1")
        assert decision.entry.submission_id == dict(out.headers)["ce_submissionid"].decode()

    def test_a_record_of_the_middle_goes_back_to_where_it_came_from(self) -> None:
        decision = put_back(annotated_letter())
        again = arrived(decision)
        assert again.submission.attempt == ANNOTATED.submission.attempt + 1
        assert decision.outgoing[0].topic == topic_of(ImageAnnotated)
        assert dict(decision.outgoing[0].headers)["ce_attempt"] == b"1"
        *kept, hop = again.lineage
        assert tuple(kept) == ANNOTATED.lineage
        dlq = f"{topic_of(ImageAnnotated)}.captioner.dlq"
        assert (hop.service, hop.topic, hop.partition, hop.offset) == ("redrive", dlq, 1, 3)
        assert again == msgspec.structs.replace(
            ANNOTATED,
            submission=msgspec.structs.replace(ANNOTATED.submission, attempt=1),
            lineage=again.lineage,
        )

    def test_a_record_of_the_middle_that_cannot_be_read_stays(self) -> None:
        failure = dead(b"bob@example.org", service="captioner", topic=topic_of(ImageAnnotated))
        decision = DECIDING.put_back(failure, Ledger(dict(IDS)))
        assert isinstance(decision, Refused)
        assert "bob" not in decision.why

    def test_the_entry_says_what_was_put_back_where_and_by_whom(self) -> None:
        entry = put_back(annotated_letter()).entry
        assert entry == Redrive(
            topic=f"{topic_of(ImageAnnotated)}.captioner.dlq",
            partition=1,
            offset=3,
            topic_id=IDS[f"{topic_of(ImageAnnotated)}.captioner.dlq"],
            action="redriven",
            submission_id=ANNOTATED.submission.submission_id,
            attempt=1,
            record_topic=topic_of(ImageAnnotated),
            service="captioner",
            reason="unknown_error",
            note=None,
            by="somebody",
            decided_at=NOW,
        )
        assert entry.action in codes().redrive_actions

    def test_two_failures_of_one_submission_are_two_attempts(self) -> None:
        ledger = Ledger(dict(IDS))
        attempts = []
        for offset in (3, 4):
            decision = put_back(annotated_letter(offset=offset), ledger)
            ledger.add(decision.entry)
            attempts.append(arrived(decision).submission.attempt)
        assert attempts == [1, 2]

    def test_a_record_over_the_limit_stays(self) -> None:
        long = msgspec.structs.replace(SUBMITTED, alt_text="x" * 1_000_000)
        assert isinstance(DECIDING.put_back(dead(long), Ledger(dict(IDS))), Refused)

    def test_a_drop_says_why_and_sends_nothing(self) -> None:
        decision = DECIDING.drop(annotated_letter(), Ledger(dict(IDS)), note="a test")
        assert decision.outgoing == ()
        entry = decision.entry
        assert (entry.action, entry.note, entry.attempt) == ("dropped", "a test", None)


class TestRetrying:
    def test_a_rejected_submission_is_the_same_submission_again(self) -> None:
        failure = rejected(SUBMITTED, stage="ingester", reason="timeout")
        again = arrived(put_back(failure))
        assert (again.submission_id, again.attempt) == (failure.submission_id, 1)
        assert again.record == SUBMITTED

    def test_a_second_retry_is_the_third_attempt(self) -> None:
        first = rejected(SUBMITTED, stage="ingester", reason="timeout")
        headers = {"ce_submissionid": first.submission_id or "", "ce_attempt": "1"}
        second = rejected(SUBMITTED, headers, stage="ingester", reason="timeout")
        again = arrived(put_back(second))
        assert (again.submission_id, again.attempt) == (first.submission_id, 2)

    def test_the_stage_that_said_no_gets_its_input_again(self) -> None:
        failure = rejected(ANNOTATED, stage="captioner", reason="not_selected")
        decision = put_back(failure)
        assert decision.outgoing[0].topic == topic_of(ImageAnnotated)
        assert arrived(decision).submission.attempt == 1

    @pytest.mark.parametrize("reason", sorted(codes().final_reasons))
    def test_a_final_reason_is_refused_by_name(self, reason: str) -> None:
        with pytest.raises(CommandError, match=f"{reason} is not tried again"):
            filters.rejection_reasons([reason])

    def test_a_final_reason_stays_even_when_it_was_chosen(self) -> None:
        failure = rejected(SUBMITTED, stage="ingester", reason="opted_out")
        assert isinstance(DECIDING.put_back(failure, Ledger(dict(IDS))), Refused)

    def test_a_blocked_image_has_nothing_to_try_again(self) -> None:
        failure = rejected(ANNOTATED, stage="safety-filter", reason="blocked")
        assert failure.original is None
        assert isinstance(DECIDING.put_back(failure, Ledger(dict(IDS))), Refused)

    def test_a_retry_without_reasons_is_refused(self) -> None:
        with pytest.raises(CommandError, match="--reason"):
            filters.rejection_reasons([])


def test_every_final_reason_is_a_reason_of_a_stage() -> None:
    known = {reason for stage in codes().reasons.values() for reason in stage}
    assert set(codes().final_reasons) <= known


def test_each_topic_has_one_reader_that_works_so_that_a_redrive_reaches_no_other() -> None:
    for topic in topic_list().topics:
        assert len({name for name in topic.consumers if not name.startswith("sink.")}) <= 1


def test_what_the_sink_could_not_take_does_not_go_back_to_a_service_that_could() -> None:
    letter = dead(ANNOTATED, service="sink.images", topic=topic_of(ImageAnnotated))
    decision = DECIDING.put_back(letter, Ledger(dict(IDS)))
    assert isinstance(decision, Refused)
    assert decision.why == "captioner would work on it once more, too"


class TestLedger:
    def test_what_was_decided_is_not_open(self) -> None:
        ledger, failure = Ledger(dict(IDS)), annotated_letter()
        assert ledger.decided(failure.place) is None
        ledger.add(put_back(failure).entry)
        assert ledger.decided(failure.place) is not None
        assert ledger.decided(annotated_letter(offset=4).place) is None

    def test_a_topic_that_was_made_anew_is_open_but_attempts_go_on(self) -> None:
        ledger, failure = Ledger(dict(IDS)), annotated_letter()
        ledger.add(msgspec.structs.replace(put_back(failure).entry, topic_id="of the old topic"))
        assert ledger.decided(failure.place) is None
        assert arrived(put_back(failure, ledger)).submission.attempt == 2


class TestChoosing:
    def test_every_filter_that_is_given_must_fit(self) -> None:
        failure = annotated_letter()
        fits = {
            "topics": frozenset({failure.place.topic}),
            "services": frozenset({"captioner"}),
            "reasons": frozenset({"unknown_error"}),
            "places": frozenset({failure.place}),
            "submissions": (str(failure.submission_id)[:8],),
            "since": NOW,
            "until": NOW + timedelta(seconds=1),
        }
        others = {
            "topics": frozenset({"other"}),
            "services": frozenset({"ingester"}),
            "reasons": frozenset({"undecodable"}),
            "places": frozenset({Place("other", 0, 0)}),
            "submissions": ("ffffffff",),
            "since": NOW + timedelta(seconds=1),
            "until": NOW,
        }
        headers = {"ce_submissionid": "a" * 64}
        known = annotated_letter(headers=headers)
        fits["submissions"] = ("aaaaaaaa",)
        assert Wanted(**fits).fits(known)  # type: ignore[arg-type]  # by name
        for name, other in others.items():
            assert not Wanted(**(fits | {name: other})).fits(known), name  # type: ignore[arg-type]  # by name

    def test_a_service_means_its_steps(self) -> None:
        failure = dead(
            ANNOTATED, service="metadata-annotator.image", topic="pixelprose.images.screened.v1"
        )
        assert Wanted(services=frozenset({"metadata-annotator"})).fits(failure)

    def test_a_limit_takes_the_oldest_that_are_open(self) -> None:
        ledger = Ledger(dict(IDS))
        failures = [annotated_letter(offset=offset) for offset in (5, 3, 9)]
        ledger.add(put_back(failures[1]).entry)
        chosen = choose(failures, ledger, Wanted(), limit=1)
        assert chosen.places == {failures[0].place}
        assert chosen.kinds == {("captioner", "unknown_error"): 1}
        seen: list[Failure] = []
        first = oldest(failures, 2, seen=seen.append)
        assert [one.place.offset for one in first] == [3, 5]
        assert len(seen) == 3

    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2h", NOW - timedelta(hours=2)),
            ("90s", NOW - timedelta(seconds=90)),
            ("3d", NOW - timedelta(days=3)),
            ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
            ("2026-03-01T12:00+02:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ],
    )
    def test_a_time_is_a_date_or_so_long_ago(self, text: str, moment: datetime) -> None:
        assert filters.moment(text, now=NOW) == moment

    def test_what_means_nothing_is_refused_with_what_does(self) -> None:
        with pytest.raises(CommandError, match="2h"):
            filters.moment("yesterday", now=NOW)
        with pytest.raises(CommandError, match=r"images\.submitted"):
            filters.dead_letter_topics(["images.lost"])
        with pytest.raises(CommandError, match="captioner"):
            filters.services(["painter"])
        with pytest.raises(CommandError, match="undecodable"):
            filters.dead_letter_reasons(["timeout"])
        with pytest.raises(CommandError, match="topic:partition:offset"):
            filters.places(["7"])
        with pytest.raises(CommandError, match="submission id"):
            filters.submissions(["abc"])

    def test_a_topic_may_be_named_in_three_ways(self) -> None:
        dlq = "pixelprose.images.submitted.v1.ingester.dlq"
        for name in ("images.submitted", "pixelprose.images.submitted.v1", dlq):
            assert filters.dead_letter_topics([name]) == {dlq}

    def test_a_place_is_printed_and_read(self) -> None:
        place = annotated_letter().place
        assert Place.parse(str(place)) == place


class TestShowing:
    PERSONAL = ("harbour", "Jane", "example.org", "key")

    def failure(self) -> Failure:
        record = msgspec.structs.replace(
            SUBMITTED,
            url="https://example.org/jane.jpg",
            alt_text="Jane in the harbour",
            fields={"by": "Jane"},
        )
        return dead(record, {"ce_source": "https://example.org", "ce_id": "1"}, text="no 'Jane'")

    def test_nothing_personal_is_shown_unless_asked(self) -> None:
        text = json.dumps(shown(self.failure(), Ledger(dict(IDS))))
        assert not [word for word in self.PERSONAL if word in text]
        assert "ValueError" in text

    def test_everything_is_shown_when_asked(self) -> None:
        view = shown_with_personal_data(self.failure(), Ledger(dict(IDS)), DECIDING.codec)
        text = json.dumps(view)
        assert [word for word in self.PERSONAL if word in text] == list(self.PERSONAL)

    def test_bytes_that_are_no_record_are_shown_as_such(self) -> None:
        view = shown_with_personal_data(dead(b"\1"), Ledger(dict(IDS)), DECIDING.codec)
        assert view["record"]["hex"] == "01"

    def test_a_decision_is_shown_with_who_made_it(self) -> None:
        ledger, failure = Ledger(dict(IDS)), annotated_letter()
        ledger.add(put_back(failure).entry)
        view = shown(failure, ledger)
        assert (view["state"], view["by"], view["new_attempt"]) == ("redriven", "somebody", 1)

    def test_text_can_do_nothing_to_a_terminal(self) -> None:
        assert printable("a\x1b[2Jb\u202ec") == "a\ufffd[2Jb\ufffdc"


def test_an_account_without_a_name_has_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError

    monkeypatch.setattr("getpass.getuser", nobody)
    assert run.account() == str(os.getuid())


def test_a_strangers_header_does_not_pass_for_ours() -> None:
    failure = dead(SUBMITTED, {"dlq_reason": "fake", "dlq_topic": "elsewhere"})
    assert failure.reason == "unknown_error"
    assert failure.original is not None
    assert failure.original.at.topic == topic_of(ImageSubmitted)
    assert not [name for name, _ in failure.original.headers if name.startswith("dlq_")]


def test_every_header_of_a_dead_letter_is_known_and_taken_off() -> None:
    failure = dead(SUBMITTED, {"ce_id": "1"})
    assert failure.original is not None
    assert failure.original.headers == (("ce_id", b"1"),)
    assert (failure.version, failure.error_class, failure.error_text) == (
        "1.2",
        "ValueError",
        "boom",
    )
    assert (failure.original.at.partition, failure.original.offset) == (1, 7)
