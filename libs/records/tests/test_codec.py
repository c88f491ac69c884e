"""What the codec makes of records: bytes, keys, headers, lineage and rejections."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pytest

from pixelprose.records import (
    CaptionAnnotated,
    CaptionGenerated,
    ConsentSignal,
    Evidence,
    Group,
    ImageAnnotated,
    ImageFetched,
    ImageRejected,
    ImageScreened,
    ImageSubmitted,
    Passing,
    RecordCodec,
    Redrive,
    Registry,
    RegistrySettings,
    SafetyIncident,
    Sha256,
    Submitted,
    Wire,
    image_id,
    submission_id,
    submission_id_at,
    topic_list,
    topic_of,
)
from pixelprose.records.codes import codes
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.streamkit import Message, Outgoing, Reject, TopicPartition, Undecodable

REGISTRY = Registry(RegistrySettings())
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def codec(stage: str = "captioner", step: str | None = None) -> RecordCodec:
    passing = Passing(
        service=f"{stage}.{step}" if step else stage,
        stage=stage,
        version="0.1.0",
        instance="live",
        cluster="cluster-1",
    )
    return RecordCodec(passing, REGISTRY, now=lambda: NOW, canonical=str.lower)


def message(record: Group, headers: Mapping[str, str] | None = None, offset: int = 7) -> Message:
    return Message(
        at=TopicPartition(topic_of(type(record)), 3),
        offset=offset,
        key=b"k",
        value=Wire(type(record), REGISTRY).encode(record),
        headers=tuple((name, text.encode()) for name, text in (headers or {}).items()),
        timestamp=NOW,
    )


def headers_of(out: Outgoing) -> dict[str, str]:
    names = [name for name, _ in out.headers]
    assert len(names) == len(set(names))
    return {name: value.decode() for name, value in out.headers}


ANNOTATED = example(packaged(), ImageAnnotated, "full")
GENERATED = example(packaged(), CaptionGenerated, "full")
PUBLIC = example(packaged(), CaptionAnnotated, "full")
FETCHED = example(packaged(), ImageFetched, "full")
SUBMITTED = example(packaged(), ImageSubmitted, "full")


def rejection_of(out: Outgoing) -> ImageRejected:
    assert out.topic == topic_of(ImageRejected)
    return Wire(ImageRejected, REGISTRY).decode(out.value)


def test_a_record_goes_to_the_topic_of_its_type_under_its_images_key() -> None:
    out = codec().encode(GENERATED, message(ANNOTATED))
    assert out.topic == "pixelprose.captions.generated.v1"
    assert out.key == GENERATED.submission.image_id.encode()


def test_a_record_keeps_everything_and_gains_one_hop() -> None:
    out = codec("metadata-annotator", "caption").encode(PUBLIC, message(GENERATED))
    back = Wire(CaptionAnnotated, REGISTRY).decode(out.value)
    assert msgspec.structs.replace(back, lineage=PUBLIC.lineage) == PUBLIC
    *before, hop = back.lineage
    assert tuple(before) == PUBLIC.lineage
    assert (hop.service, hop.version, hop.instance) == (
        "metadata-annotator.caption",
        "0.1.0",
        "live",
    )
    assert (hop.topic, hop.partition, hop.offset, hop.at) == (
        "pixelprose.captions.generated.v1",
        3,
        7,
        NOW,
    )


def test_headers_are_a_cloud_event_in_binary_mode() -> None:
    headers = headers_of(codec().encode(GENERATED, message(ANNOTATED)))
    assert headers.pop("traceparent").startswith("00-")
    assert len(headers.pop("ce_id")) == 64
    assert headers == {
        "ce_specversion": "1.0",
        "ce_source": "pixelprose/captioner",
        "ce_type": "pixelprose.CaptionGenerated",
        "ce_time": "2026-03-02T10:00:00+00:00",
        "ce_subject": GENERATED.submission.image_id,
        "ce_submissionid": GENERATED.submission.submission_id,
        "ce_attempt": "0",
        "content-type": "application/vnd.confluent.avro",
    }


def test_the_public_topic_can_be_filtered_by_headers() -> None:
    headers = headers_of(codec().encode(PUBLIC, message(GENERATED)))
    assert headers["ce_dataset"] == "harbour-archive"
    assert headers["ce_policy"] == "pixelprose-1"
    assert headers["ce_licence"] == "CC-BY-4.0"
    assert headers["ce_language"] == "en"


def test_an_unknown_licence_has_no_header() -> None:
    minimal = example(packaged(), CaptionAnnotated, "minimal")
    assert "ce_licence" not in headers_of(codec().encode(minimal, message(GENERATED)))


def test_the_same_output_has_the_same_event_id_wherever_it_is_made_again() -> None:
    once = headers_of(codec().encode(GENERATED, message(ANNOTATED, offset=7)))
    again = headers_of(codec().encode(GENERATED, message(ANNOTATED, offset=9)))
    assert once["ce_id"] == again["ce_id"]


def test_other_policies_attempts_and_records_have_other_event_ids() -> None:
    other = msgspec.structs.replace(GENERATED.caption, policy_hash="0" * 64)
    later = msgspec.structs.replace(GENERATED.submission, attempt=1)
    outputs: list[Group] = [
        GENERATED,
        msgspec.structs.replace(GENERATED, caption=other),
        msgspec.structs.replace(GENERATED, submission=later),
        PUBLIC,
    ]
    ids = {headers_of(codec().encode(one, message(ANNOTATED)))["ce_id"] for one in outputs}
    assert len(ids) == len(outputs)


def test_a_trace_is_passed_on_unchanged() -> None:
    cause = message(ANNOTATED, {"traceparent": TRACE})
    assert headers_of(codec().encode(GENERATED, cause))["traceparent"] == TRACE


def test_a_missing_trace_is_made_from_the_submission_and_the_position() -> None:
    first = headers_of(codec().encode(GENERATED, message(ANNOTATED, offset=7)))["traceparent"]
    again = headers_of(codec().encode(GENERATED, message(ANNOTATED, offset=7)))["traceparent"]
    other = headers_of(codec().encode(GENERATED, message(ANNOTATED, offset=8)))["traceparent"]
    version, trace_id, span_id, flags = first.split("-")
    assert (version, flags) == ("00", "01")
    assert trace_id == GENERATED.submission.submission_id[:32]
    assert len(span_id) == 16
    assert first == again != other


def test_decoding_gives_the_record_of_the_topic() -> None:
    assert codec().decode(message(ANNOTATED)) == ANNOTATED


def test_bytes_of_another_topics_record_are_undecodable() -> None:
    wrong = msgspec.structs.replace(ANNOTATED)
    value = message(wrong).value
    cause = Message(TopicPartition(topic_of(Redrive), 0), 1, None, value, (), NOW)
    with pytest.raises(Undecodable):
        codec().decode(cause)


def test_a_rejection_keeps_the_input_so_that_it_can_be_retried() -> None:
    cause = message(ANNOTATED)
    rejected: Reject[Group] = Reject("not_selected", "aesthetic below 5", {"aesthetic": 4.5})
    rejection = rejection_of(codec().reject(rejected, ANNOTATED, cause))
    assert (rejection.stage, rejection.reason) == ("captioner", "not_selected")
    assert (rejection.detail, rejection.scores) == ("aesthetic below 5", {"aesthetic": 4.5})
    assert (rejection.submission, rejection.rights) == (ANNOTATED.submission, ANNOTATED.rights)
    assert rejection.sha256 == ANNOTATED.image.sha256
    assert (rejection.record_topic, rejection.record) == (cause.at.topic, cause.value)
    assert rejection.rejected_at == NOW
    assert [hop.service for hop in rejection.lineage][-1] == "captioner"


def test_the_rejection_of_a_caption_names_its_policy() -> None:
    annotator = codec("metadata-annotator", "caption")
    rejection = rejection_of(annotator.reject(Reject("toxic"), GENERATED, message(GENERATED)))
    assert rejection.stage == "metadata-annotator"
    assert rejection.policy == GENERATED.caption.policy
    assert rejection.policy_hash == GENERATED.caption.policy_hash


def test_a_known_hash_hit_says_nothing_but_blocked() -> None:
    rejected: Reject[Group] = Reject("blocked", "list x, distance 3", {"distance": 3.0})
    out = codec("safety-filter").reject(rejected, FETCHED, message(FETCHED))
    rejection = rejection_of(out)
    assert rejection.reason == "blocked"
    assert (rejection.detail, rejection.scores) == ("", {})
    assert (rejection.sha256, rejection.record, rejection.record_topic) == (None, None, None)
    assert FETCHED.image.sha256.encode() not in out.value
    assert b"distance" not in out.value


def test_a_screened_image_is_rejected_without_a_policy() -> None:
    screened = example(packaged(), ImageScreened, "full")
    annotator = codec("metadata-annotator", "image")
    rejection = rejection_of(annotator.reject(Reject("image_missing"), screened, message(screened)))
    assert (rejection.policy, rejection.policy_hash) == (None, None)


def test_an_incident_goes_to_its_own_topic() -> None:
    incident = example(packaged(), SafetyIncident, "full")
    out = codec("safety-filter").encode(incident, message(FETCHED))
    assert out.topic == "pixelprose.safety.incidents.v1"


@pytest.mark.parametrize("reason", ["nsfw", "no_such_reason", "already_submitted", ""])
def test_a_reason_that_is_not_the_stages_is_a_bug(reason: str) -> None:
    with pytest.raises(ValueError, match="no rejection reason"):
        codec().reject(Reject(reason), ANNOTATED, message(ANNOTATED))


@pytest.mark.parametrize(
    ("stage", "reason"),
    [(stage, reason) for stage, reasons in codes().reasons.items() for reason in reasons],
)
def test_every_listed_reason_can_be_given(stage: str, reason: str) -> None:
    service = "ingester" if stage == "any" else stage
    out = codec(service).reject(Reject(reason), ANNOTATED, message(ANNOTATED))
    assert rejection_of(out).reason == reason


def submitted(headers: Mapping[str, str] | None = None, offset: int = 7) -> Submitted:
    decoded = codec("ingester").decode(message(SUBMITTED, headers, offset))
    assert isinstance(decoded, Submitted)
    return decoded


def test_a_submission_with_an_event_id_is_known_by_it() -> None:
    headers = {"ce_source": "pixelprose/cli", "ce_id": "harbour.csv/17"}
    expected = submission_id(ce_source="pixelprose/cli", ce_id="harbour.csv/17")
    assert submitted(headers, 7).submission_id == submitted(headers, 8).submission_id == expected
    assert expected == FETCHED.submission.submission_id


def test_a_submission_without_event_id_is_known_by_its_position() -> None:
    expected = submission_id_at(
        cluster="cluster-1", topic="pixelprose.images.submitted.v1", partition=3, offset=7
    )
    assert submitted().submission_id == expected
    assert submitted({"ce_source": "only half"}).submission_id == expected
    assert submitted(offset=8).submission_id != expected


def test_the_attempt_is_in_the_header() -> None:
    assert submitted().attempt == 0
    assert submitted({"ce_attempt": "2"}).attempt == 2


@pytest.mark.parametrize("attempt", ["", "-1", "1.5", "two", "\u0662", "9" * 10])
def test_an_attempt_that_is_no_number_is_undecodable(attempt: str) -> None:
    with pytest.raises(Undecodable, match="ce_attempt"):
        submitted({"ce_attempt": attempt})


def test_a_redrive_keeps_the_submission_that_its_header_names() -> None:
    known = submitted().submission_id
    again = submitted({"ce_attempt": "1", "ce_submissionid": known}, offset=99)
    assert (again.submission_id, again.attempt) == (known, 1)


def test_a_first_attempt_cannot_take_another_submissions_name() -> None:
    assert submitted({"ce_submissionid": "a" * 64}).submission_id == submitted().submission_id


def test_a_redrive_of_no_submission_is_undecodable() -> None:
    with pytest.raises(Undecodable, match="ce_submissionid"):
        submitted({"ce_attempt": "1", "ce_submissionid": "../etc"})


def test_a_submission_becomes_the_group_that_later_records_keep() -> None:
    one = submitted({"ce_source": "pixelprose/cli", "ce_id": "harbour.csv/17"})
    assert one.submission(FETCHED.submission.canonical_url) == FETCHED.submission


def test_a_submission_is_rejected_under_its_canonical_url() -> None:
    cause = message(SUBMITTED)
    ingester = codec("ingester")
    out = ingester.reject(Reject("http_not_found"), ingester.decode(cause), cause)
    rejection = rejection_of(out)
    assert rejection.submission.canonical_url == SUBMITTED.url.lower()
    assert out.key == image_id(SUBMITTED.url.lower()).encode()
    assert rejection.sha256 is None
    assert (rejection.record_topic, rejection.record) == (cause.at.topic, cause.value)
    assert [hop.service for hop in rejection.lineage] == ["ingester"]
    assert rejection.submission.alt_text == SUBMITTED.alt_text
    assert rejection.submission.source == SUBMITTED.source
    assert rejection.rights == SUBMITTED.rights


def test_all_schemas_that_a_service_needs_are_looked_up_at_the_start() -> None:
    needed = topic_list().records_of("captioner")
    assert set(needed) == {"ImageAnnotated", "CaptionGenerated", "ImageRejected"}


def test_a_rejection_says_what_the_step_found_out() -> None:
    signal = ConsentSignal(name="X-Robots-Tag", value="noai", seen_at=NOW)
    found = Evidence(
        consent=(signal,), consent_policy="p/1", consent_policy_hash="1" * 64, sha256=Sha256("2")
    )
    rejected: Reject[Group] = Reject("duplicate_content", evidence=found)
    cause = message(SUBMITTED)
    ingester = codec("ingester")
    rejection = rejection_of(ingester.reject(rejected, ingester.decode(cause), cause))
    assert (rejection.consent, rejection.sha256) == ((signal,), "2")
    assert (rejection.consent_policy, rejection.consent_policy_hash) == ("p/1", "1" * 64)


def test_a_later_rejection_keeps_what_the_publisher_said() -> None:
    assert FETCHED.fetch.consent
    rejected: Reject[Group] = Reject("nsfw")
    rejection = rejection_of(codec("safety-filter").reject(rejected, FETCHED, message(FETCHED)))
    assert rejection.consent == FETCHED.fetch.consent
    blocked = codec("safety-filter").reject(Reject("blocked"), FETCHED, message(FETCHED))
    assert rejection_of(blocked).consent == ()


def test_evidence_of_another_type_is_a_bug() -> None:
    rejected: Reject[Group] = Reject("nsfw", evidence={"sha256": "2"})
    with pytest.raises(TypeError, match="dict"):
        codec("safety-filter").reject(rejected, FETCHED, message(FETCHED))
