"""Names that every process computes alike."""

import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelprose.records import (
    CaptionAnnotated,
    ImageRejected,
    Model,
    Redrive,
    SafetyIncident,
    Sha256,
    image_id,
    policy_hash,
    row_id,
    submission_id,
    submission_id_at,
)
from pixelprose.records.codes import codes
from pixelprose.records.examples import example
from pixelprose.records.files import packaged

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def test_identities_never_change() -> None:
    assert submission_id(ce_source="s", ce_id="1") == (
        "9d84cd6ce3f8b84b740775650a5d2f1f2c2cbfa428a24cfd07429071691f6107"
    )
    assert submission_id_at(cluster="c", topic="t", partition=1, offset=2) == (
        "ef520cb38cdf7ed3627c7c5d6ebcec6df9acc84fec542f8b15168925269dbc34"
    )
    assert image_id("https://example.org/1.jpg") == (
        "c1be48f00f85e5155d85b8909de3716348d9e2bc17992ae7814083f4eaa14ac4"
    )
    assert row_id(Sha256("a"), "b", Model(name="m", revision="r", library="l")) == (
        "ea5ce070d75bb41f0c60e0ac9d4914fb7739ffd6720b05401a6989c1c6ec84ea"
    )


def test_parts_cannot_run_into_each_other() -> None:
    assert submission_id(ce_source="ab", ce_id="c") != submission_id(ce_source="a", ce_id="bc")


def test_the_library_that_ran_a_model_is_not_part_of_a_row() -> None:
    models = [Model(name="m", revision="r", library=version) for version in ("1", "2")]
    assert row_id(Sha256("a"), "b", models[0]) == row_id(Sha256("a"), "b", models[1])


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_the_order_of_a_policy_does_not_count(document: dict[str, Any]) -> None:
    backwards = dict(reversed(document.items()))
    assert policy_hash(document) == policy_hash(backwards)
    assert policy_hash(json.loads(json.dumps(document))) == policy_hash(document)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.text(), st.text())
def test_every_value_of_a_policy_counts(document: dict[str, Any], key: str, value: str) -> None:
    changed = {**document, key: value}
    assert (policy_hash(changed) == policy_hash(document)) == (changed == document)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes"])
def test_a_policy_of_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        policy_hash({"a": value})


def test_the_examples_tell_one_story() -> None:
    public = example(packaged(), CaptionAnnotated, "full")
    who, caption = public.submission, public.caption
    assert who.image_id == image_id(who.canonical_url)
    assert caption.row_id == row_id(public.image.sha256, caption.policy_hash, caption.model)
    rejected = example(packaged(), ImageRejected, "full")
    assert rejected.duplicate_of == who.submission_id
    assert rejected.sha256 == public.image.sha256
    again = example(packaged(), Redrive, "full")
    assert (again.submission_id, again.attempt) == (
        rejected.submission.submission_id,
        rejected.submission.attempt,
    )
    incident = example(packaged(), SafetyIncident, "full")
    blocked = example(packaged(), ImageRejected, "minimal")
    assert incident.submission == blocked.submission


def test_the_codes_in_the_examples_are_on_the_list() -> None:
    public = example(packaged(), CaptionAnnotated, "full")
    known = codes()
    assert public.rights.basis in known.rights_basis
    assert public.signals.watermark in known.watermark_classes
    assert set(public.signals.watermark_scores) == set(known.watermark_classes)
    assert set(public.signals.style_scores) <= set(known.styles)
    assert public.caption.finish_reason in known.finish_reasons
    for span in (*public.annotation.pii, *public.signals.alt_text.pii):
        assert span.type in known.pii_types
        assert span.action in known.pii_actions
    assert example(packaged(), SafetyIncident, "full").review_state in known.review_states
    for name in ("full", "minimal"):
        assert example(packaged(), Redrive, name).action in known.redrive_actions


def test_spans_of_personal_data_lie_on_the_published_text() -> None:
    public = example(packaged(), CaptionAnnotated, "full")
    text = public.submission.alt_text or ""
    for span in public.signals.alt_text.pii:
        assert text[span.start : span.end] == f"<{span.type}>"


def test_hashes_are_lower_case_hex() -> None:
    for made in (image_id("x"), policy_hash({}), hashlib.sha256(b"").hexdigest()):
        assert re.fullmatch("[0-9a-f]{64}", made)
